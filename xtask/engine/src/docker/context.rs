//! Docker's contexts, as its client keeps them (docker/cli, `cli/context/store`).
//!
//! `contexts/meta/<sha256 of the name>/meta.json` holds the address, `contexts/tls/<the same>/docker/`
//! the certificates; `config.json` names the current one.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::endpoint::{Endpoint, EndpointError, names_port};
use super::environment::Environment;

/// The name that means no context: Docker's default socket.
const DEFAULT: &str = "default";

/// The context that Docker's client would use now, and what names it; none: its default socket.
///
/// # Errors
/// If `config.json` is there and can't be read.
pub(crate) fn current(environment: &Environment) -> Result<Option<(String, String)>, EndpointError> {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase")]
    struct Config {
        #[serde(default)]
        current_context: String,
    }
    let named = |name: &str, by: String| (name != DEFAULT).then(|| (name.to_owned(), by));
    if let Some(name) = environment.var("DOCKER_CONTEXT") {
        return Ok(named(name, "DOCKER_CONTEXT".into()));
    }
    let Some(path) = environment.docker_config().map(|directory| directory.join("config.json")) else {
        return Ok(None);
    };
    // Another user's, as HOME is after `su` and `sudo -u`: Docker's client does without it, too.
    if std::fs::File::open(&path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
        return Ok(None);
    }
    let name = read_json::<Config>(&path)?.unwrap_or_default().current_context;
    Ok(if name.is_empty() { None } else { named(&name, path.display().to_string()) })
}

/// The endpoint of the context `name`; none if there is no such context.
///
/// # Errors
/// If its file can't be read, or names no engine.
pub(crate) fn endpoint(name: &str, environment: &Environment) -> Result<Option<Endpoint>, EndpointError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Meta {
        #[serde(default)]
        endpoints: Endpoints,
    }
    #[derive(Deserialize, Default)]
    struct Endpoints {
        docker: Option<DockerEndpoint>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct DockerEndpoint {
        #[serde(default)]
        host: String,
        #[serde(default, rename = "SkipTLSVerify")]
        skip_tls_verify: bool,
    }
    let Some(contexts) = environment.docker_config().map(|directory| directory.join("contexts")) else {
        return Ok(None);
    };
    let id = id(name);
    let path = contexts.join("meta").join(&id).join("meta.json");
    let Some(meta) = read_json::<Meta>(&path)? else {
        return Ok(None);
    };
    let unusable = |reason: String| EndpointError::Config { path: path.clone(), reason };
    let docker = meta.endpoints.docker.filter(|docker| !docker.host.is_empty());
    let docker = docker.ok_or_else(|| unusable("it names no container engine".into()))?;
    let endpoint: Endpoint =
        docker.host.parse().map_err(|error: EndpointError| unusable(error.to_string()))?;
    let certificates = contexts.join("tls").join(&id).join("docker");
    let has_tls = certificates.is_dir();
    Ok(Some(if has_tls || docker.skip_tls_verify {
        endpoint.with_tls(has_tls.then_some(certificates), !docker.skip_tls_verify, names_port(&docker.host))
    } else {
        endpoint
    }))
}

/// The directory name of a context.
fn id(name: &str) -> String {
    Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The JSON in a file; none if the file is not there.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EndpointError> {
    let failed = |reason: String| EndpointError::Config { path: PathBuf::from(path), reason };
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| failed(error.to_string())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(failed(super::error::cause(&error))),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_directory_of_a_context_is_the_digest_of_its_name() {
        // `docker context create desktop-linux` made it so.
        let expected = "fe9c6bd7a66301f49ca9b6a70b217107cd1284598bfc254700c989b916da791e";
        assert_eq!(super::id("desktop-linux"), expected);
    }
}
