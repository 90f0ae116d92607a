//! Registry credentials, as Docker keeps them (docker/cli, `cli/config`).
//!
//! `config.json` holds them itself (`auths`), or names programs that hold them: `credHelpers` for
//! one registry, `credsStore` for all others.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};

use super::context::read_json;
use super::credential_helper::{Answer, ask};
use super::endpoint::EndpointError;
use super::environment::Environment;

/// Docker Hub's key in `config.json` and in credential helpers.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";
/// The hosts that mean Docker Hub: in names, in its API, and in what BuildKit asks for.
const DOCKER_HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
/// The user name that says that the secret is an identity token (docker-credential-helpers).
const TOKEN_USER: &str = "<token>";

/// What one logs in to a registry with. Its `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user; empty with some identity tokens.
    pub username: String,
    /// The password; empty with an identity token.
    pub secret: String,
    /// A token that stands for a login.
    pub identity_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Why a registry's credentials can't be had.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// `config.json` can't be read.
    #[error(transparent)]
    Config(#[from] EndpointError),
    /// An entry of `config.json` is damaged.
    #[error("the login for {registry} in {} is damaged: {reason}; log in again with `docker login {registry}`", path.display())]
    Damaged {
        /// The registry.
        registry: String,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// A credential helper is missing or failed.
    #[error(
        "`docker-credential-{helper}`, which {} names for {registry}, gave no credentials: {reason}; install or unlock \
         it, or take it out of that file and log in again with `docker login {registry}`", path.display()
    )]
    Helper {
        /// The helper's name.
        helper: String,
        /// The registry.
        registry: String,
        /// The file that names it.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: HashMap<String, Login>,
    creds_store: Option<String>,
    cred_helpers: HashMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Login {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

impl Credentials {
    /// The credentials for `registry`, a host as in an image's name (`docker.io`,
    /// `localhost:5000`) or as BuildKit asks for it (`registry-1.docker.io`); none if nobody has
    /// logged in there.
    ///
    /// # Errors
    /// If `config.json` can't be read or a credential helper fails. Public images can be had
    /// without, so a caller may go on and mention it.
    pub async fn find(registry: &str, environment: &Environment) -> Result<Option<Self>, CredentialsError> {
        let Some(path) = environment.docker_config().map(|directory| directory.join("config.json")) else {
            return Ok(None);
        };
        let Some(config) = read_json::<Config>(&path)? else {
            return Ok(None);
        };
        let keys = keys(registry);
        let helper =
            keys.iter().find_map(|key| config.cred_helpers.get(*key)).or(config.creds_store.as_ref());
        if let Some(helper) = helper.filter(|helper| !helper.is_empty()) {
            let answer = ask(helper, keys[0], environment).await;
            let answer = answer.map_err(|reason| {
                let (helper, registry) = (helper.clone(), registry.to_owned());
                CredentialsError::Helper { helper, registry, path: path.clone(), reason }
            })?;
            if let Some(Answer { username, secret }) = answer {
                return Ok(Some(Self::from_helper(username, secret)));
            }
        }
        match config.login(&keys) {
            Some(login) => login.credentials().map_err(|reason| CredentialsError::Damaged {
                registry: registry.into(),
                path: path.clone(),
                reason,
            }),
            None => Ok(None),
        }
    }

    fn from_helper(username: String, secret: String) -> Self {
        if username == TOKEN_USER {
            return Self { username: String::new(), secret: String::new(), identity_token: Some(secret) };
        }
        Self { username, secret, identity_token: None }
    }

    /// The value of the header `X-Registry-Auth` for the engine.
    ///
    /// bollard writes it in the standard alphabet, the engine reads the URL-safe one
    /// (`registry.DecodeAuthConfig`) and treats what it can't read as no login at all.
    pub(crate) fn header(&self, registry: &str) -> String {
        #[derive(Serialize)]
        struct AuthConfig<'a> {
            #[serde(skip_serializing_if = "str::is_empty")]
            username: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            password: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            identitytoken: Option<&'a str>,
            serveraddress: &'a str,
        }
        let auth = AuthConfig {
            username: &self.username,
            password: &self.secret,
            identitytoken: self.identity_token.as_deref(),
            serveraddress: keys(registry)[0],
        };
        // Strings only: this can't fail.
        URL_SAFE.encode(serde_json::to_vec(&auth).unwrap_or_default())
    }
}

/// The keys under which a registry's login may be kept; Docker's own first.
fn keys(registry: &str) -> Vec<&str> {
    if DOCKER_HUB.contains(&registry) {
        return std::iter::once(DOCKER_HUB_KEY).chain(DOCKER_HUB).collect();
    }
    vec![registry]
}

impl Config {
    fn login(&self, keys: &[&str]) -> Option<&Login> {
        let exact = keys.iter().find_map(|key| self.auths.get(*key));
        // Old clients kept whole URLs.
        exact.or_else(|| self.auths.iter().find(|(key, _)| keys.contains(&host(key))).map(|(_, login)| login))
    }
}

/// The host in a key: `https://registry.example:5000/v1/` -> `registry.example:5000`.
fn host(key: &str) -> &str {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    key.split('/').next().unwrap_or(key)
}

impl Login {
    /// The login; none if the entry is only the mark that a helper has one.
    fn credentials(&self) -> Result<Option<Credentials>, &'static str> {
        let identity_token = (!self.identitytoken.is_empty()).then(|| self.identitytoken.clone());
        let (username, secret) = if self.auth.is_empty() {
            (self.username.clone(), self.password.clone())
        } else {
            let auth = STANDARD.decode(&self.auth).map_err(|_| "`auth` is not base64")?;
            let auth = String::from_utf8(auth).map_err(|_| "`auth` is not text")?;
            let (username, secret) = auth.split_once(':').ok_or("`auth` is not user:password")?;
            (username.to_owned(), secret.trim_end_matches('\0').to_owned())
        };
        if identity_token.is_none() && username.is_empty() && secret.is_empty() {
            return Ok(None);
        }
        Ok(Some(Credentials { username, secret, identity_token }))
    }
}

#[cfg(test)]
mod tests;
