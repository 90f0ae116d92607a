//! One connected container engine: bollard's client, and what the engine said about itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, BollardRequest, ClientVersion, Docker};
use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::{HeaderMap, Request};
use serde::Deserialize;

use super::connect::BoxStream;
use super::endpoint::Endpoint;
use super::error::EngineError;
use super::gone::is_gone;
use super::transport::Transport;
use super::upgrade::engine_message;

/// The API of Docker 20.10, the oldest engine this project is tested with.
const OLDEST_API: (u32, u32) = (1, 41);
/// An engine that is up answers `/version` in milliseconds; over ssh, a connection comes first.
const ANSWER: Duration = Duration::from_secs(5);
const ANSWER_REMOTE: Duration = Duration::from_secs(30);
/// One that does not answer a ping in this time is asked properly.
const GREETING: Duration = Duration::from_millis(500);
/// How long the head of an answer may take. `stop` answers when the container has stopped.
const REQUEST: Duration = Duration::from_secs(120);

/// A connected container engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    endpoint: Arc<Endpoint>,
    info: Arc<EngineInfo>,
    docker: Docker,
}

/// What an engine says about itself (`GET /version`; a session leaves out what it does not need).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// Whose engine it is: `Docker Engine`, `Docker Desktop 4.30.0`, `Podman Engine`.
    pub product: String,
    /// Its version, `20.10.24`.
    pub version: String,
    /// The newest API it speaks.
    pub api_version: (u32, u32),
    /// Its operating system, `linux`.
    pub os: String,
    /// Its architecture in Go's words, `amd64`; empty where a session did not ask.
    pub arch: String,
    /// Its kernel; empty likewise.
    pub kernel: String,
}

impl EngineInfo {
    /// The platform of its containers, as images are named by it: `linux/amd64`.
    pub fn platform(&self) -> String {
        format!("{}/{}", self.os, self.arch)
    }

    /// Whether it is Podman, which has no BuildKit inside.
    pub fn is_podman(&self) -> bool {
        self.product.starts_with("Podman")
    }
}

impl Engine {
    /// Connects to the engine at `endpoint`: one request, which asks for its version.
    ///
    /// # Errors
    /// If it does not answer within 5 seconds (30 through ssh and TLS), is not for this user, or is
    /// older than Docker 20.10. Whether it has BuildKit shows with [`Engine::upgrade`].
    pub async fn connect(endpoint: Endpoint) -> Result<Self, EngineError> {
        let transport = Transport::new(endpoint.clone());
        let limit = match endpoint {
            Endpoint::Ssh { .. } | Endpoint::Tls { .. } => ANSWER_REMOTE,
            _ => ANSWER,
        };
        let info = ask_version(&endpoint, &transport, limit).await?;
        let EngineInfo { api_version: (major, minor), version, .. } = &info;
        if info.api_version < OLDEST_API {
            return Err(EngineError::TooOld {
                endpoint: endpoint.to_string(),
                version: version.clone(),
                api: format!("{major}.{minor}"),
            });
        }
        Self::with(endpoint, transport, info)
    }

    /// Connects to an engine on this machine by a ping, which is answered at once: for `/version`,
    /// Docker runs three programs to ask for theirs (8 ms). Its architecture and kernel stay
    /// unknown. `None` if it is not sure that this is a Docker Engine that will do:
    /// [`Engine::connect`] then says what is wrong.
    pub(crate) async fn greet(endpoint: &Endpoint) -> Option<Self> {
        if matches!(endpoint, Endpoint::Ssh { .. } | Endpoint::Tls { .. }) {
            return None;
        }
        let transport = Transport::new(endpoint.clone());
        let ping = Request::get("/_ping").body(bollard::body_full(Bytes::new())).ok()?;
        let response = tokio::time::timeout(GREETING, transport.clone().request(ping)).await.ok()?.ok()?;
        let info = parse_greeting(response.headers())?;
        tokio::time::timeout(GREETING, response.into_body().collect()).await.ok()?.ok()?; // or the connection is lost
        if info.api_version < OLDEST_API { None } else { Self::with(endpoint.clone(), transport, info).ok() }
    }

    fn with(endpoint: Endpoint, transport: Arc<Transport>, info: EngineInfo) -> Result<Self, EngineError> {
        let (major, minor) = info.api_version;
        let spoken = ClientVersion { major_version: major as usize, minor_version: minor as usize };
        let api = if spoken < *API_DEFAULT_VERSION { &spoken } else { API_DEFAULT_VERSION };
        transport.speak(api.major_version, api.minor_version);
        let send = move |request: BollardRequest| transport.clone().request(request);
        let docker =
            Docker::connect_with_custom_transport(send, Some("http://docker"), REQUEST.as_secs(), api)
                .map_err(|error| EngineError::from_request(&endpoint, "be used", error))?;
        Ok(Self { endpoint: Arc::new(endpoint), info: Arc::new(info), docker })
    }

    /// bollard's client for this engine. It speaks the engine's own API version; the head of an
    /// answer may take two minutes, its body as long as it takes.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Where the engine is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What the engine said about itself when it was connected.
    pub fn info(&self) -> &EngineInfo {
        &self.info
    }

    /// Its architecture in Go's words, asked for if it is not known yet.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn architecture(&self) -> Result<String, EngineError> {
        if !self.info.arch.is_empty() {
            return Ok(self.info.arch.clone());
        }
        let version = self.docker.version().await.map_err(|error| self.error("tell its version", error))?;
        Ok(version.arch.unwrap_or_default())
    }

    /// [`Endpoint::upgrade`] with the errors of an engine.
    ///
    /// # Errors
    /// `WithoutBuildKit` if the engine has no such path; those of a connection.
    pub async fn upgrade(&self, path: &str, headers: &[(&str, &str)]) -> Result<BoxStream, EngineError> {
        Ok(self.endpoint.upgrade(path, headers).await?)
    }

    /// What `error` means when this engine was asked to `action`, which ends the sentence "the
    /// container engine cannot …" (`start the container traefik`).
    pub fn error(&self, action: &str, error: bollard::errors::Error) -> EngineError {
        EngineError::from_request(&self.endpoint, action, error)
    }

    /// Whether `error` means that the engine, or the connection to it, went away: nothing that is
    /// tried after it can work.
    pub fn is_gone(error: &bollard::errors::Error) -> bool {
        is_gone(error)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("endpoint", &self.endpoint)
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

/// `GET /version` without a version in its path: an old engine refuses one that it does not know.
async fn ask_version(
    endpoint: &Endpoint,
    transport: &Arc<Transport>,
    limit: Duration,
) -> Result<EngineInfo, EngineError> {
    let silent = |reason: String| EngineError::DoesNotAnswer { endpoint: endpoint.to_string(), reason };
    let failed = |error| match EngineError::from_request(endpoint, "tell its version", error) {
        // It was not there to begin with.
        EngineError::Gone { reason, .. } => silent(reason),
        other => other,
    };
    let answer = async {
        let request = Request::get("/version").body(bollard::body_full(Bytes::new()));
        let request = request.map_err(|error| failed(error.into()))?;
        let response = transport.clone().request(request).await.map_err(failed)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| failed(error.into()))?.to_bytes();
        if !status.is_success() {
            return Err(silent(format!("it refused to tell its version: {}", engine_message(&body))));
        }
        parse_version(&body).ok_or_else(|| silent("what listens there is no container engine".into()))
    };
    let late = || silent(format!("it said nothing for {limit:?}"));
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(late()))
}

/// What Docker says in the headers of every answer. Others, Podman for one, are not known by it.
fn parse_greeting(headers: &HeaderMap) -> Option<EngineInfo> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let version = header("Server")?.strip_prefix("Docker/")?.split_whitespace().next()?;
    let (major, minor) = header("Api-Version")?.split_once('.')?;
    Some(EngineInfo {
        product: "Docker Engine".into(),
        version: version.to_owned(),
        api_version: (major.parse().ok()?, minor.parse().ok()?),
        os: header("Ostype")?.to_owned(),
        arch: String::new(),
        kernel: String::new(),
    })
}

fn parse_version(body: &[u8]) -> Option<EngineInfo> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Version {
        version: String,
        api_version: String,
        os: String,
        arch: String,
        #[serde(default)]
        kernel_version: String,
        #[serde(default)]
        platform: Named,
        #[serde(default)]
        components: Option<Vec<Named>>,
    }
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "PascalCase")]
    struct Named {
        #[serde(default)]
        name: String,
    }
    let Version { version, api_version, os, arch, kernel_version, platform, components } =
        serde_json::from_slice(body).ok()?;
    let (major, minor) = api_version.split_once('.')?;
    let api_version = (major.parse().ok()?, minor.parse().ok()?);
    let is_podman = components.iter().flatten().any(|component| component.name.starts_with("Podman"));
    let product = match platform.name {
        _ if is_podman => "Podman Engine".into(),
        name if name.is_empty() => "Docker Engine".into(),
        name => name,
    };
    Some(EngineInfo { product, version, api_version, os, arch, kernel: kernel_version })
}

#[cfg(all(test, unix))]
mod tests;
