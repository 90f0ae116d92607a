//! Finding the container engine, in the order that Docker's users expect.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::context;
use super::endpoint::{Endpoint, EndpointError, names_port};
use super::environment::Environment;
use super::error::{EngineError, reason};

/// An engine's address and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where the engine is.
    pub endpoint: Endpoint,
    /// What named it.
    pub by: FoundBy,
}

/// What named an engine. `Display` fits after "found by".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundBy {
    /// The command line.
    Flag,
    /// `DOCKER_HOST`.
    Variable,
    /// A Docker context.
    Context {
        /// Its name.
        name: String,
        /// What names it.
        by: String,
    },
    /// A socket at a usual place that accepted a connection.
    Socket,
}

impl fmt::Display for FoundBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("--engine"),
            Self::Variable => f.write_str("DOCKER_HOST"),
            Self::Context { name, by } => write!(f, "the Docker context `{name}` of {by}"),
            Self::Socket => f.write_str("its usual place"),
        }
    }
}

/// Finds the engine: `engine` (the value of `--engine`: a URL, a socket's path or a context's
/// name), else `DOCKER_HOST`, else the current Docker context. These are final: whether they answer
/// shows when they are connected to. Else the first socket that accepts a connection: Docker's
/// default, rootless Docker, Docker Desktop, Podman.
///
/// Reads a few small files and tries sockets of this machine; nothing goes over a network.
///
/// # Errors
/// If what was named is no address, if Docker's configuration can't be read, or if nothing was
/// named and no socket accepts; `PermissionDenied` if one is there that this user may not use.
pub fn discover(engine: Option<&str>, environment: &Environment) -> Result<Found, EngineError> {
    if let Some(text) = engine {
        return Ok(Found { endpoint: named(text, environment)?, by: FoundBy::Flag });
    }
    if let Some(text) = environment.var("DOCKER_HOST") {
        // Docker takes `host:port` here, too.
        let bare = !text.contains("://") && !text.starts_with('/');
        let url = if bare { format!("tcp://{text}") } else { text.to_owned() };
        let endpoint = with_tls_variables(&url, environment)
            .map_err(|error| EndpointError::Variable { variable: "DOCKER_HOST", error: Box::new(error) })?;
        return Ok(Found { endpoint, by: FoundBy::Variable });
    }
    if let Some((name, by)) = context::current(environment)? {
        return match context::endpoint(&name, environment)? {
            Some(endpoint) => Ok(Found { endpoint, by: FoundBy::Context { name, by } }),
            None => Err(EndpointError::NoContext { name, by }.into()),
        };
    }
    usual(environment)
}

/// What the value of `--engine` names.
fn named(text: &str, environment: &Environment) -> Result<Endpoint, EngineError> {
    if text.contains("://") {
        return Ok(with_tls_variables(text, environment)?);
    }
    if text.starts_with(r"\\.\pipe\") {
        return Ok(Endpoint::Npipe(text.replace('\\', "/")));
    }
    let is_path = text.contains(['/', '\\']);
    if !is_path && text == "default" {
        return usual(environment).map(|found| found.endpoint);
    }
    if !is_path && let Some(endpoint) = context::endpoint(text, environment)? {
        return Ok(endpoint);
    }
    match std::path::absolute(text) {
        Ok(path) if is_path || path.exists() => Ok(Endpoint::Unix(path)),
        _ => Err(EndpointError::Unknown { text: text.into() }.into()),
    }
}

/// The endpoint of a URL, with TLS if Docker's variables ask for it.
fn with_tls_variables(url: &str, environment: &Environment) -> Result<Endpoint, EndpointError> {
    let endpoint: Endpoint = url.parse()?;
    let verify = environment.var("DOCKER_TLS_VERIFY").is_some();
    let certificates = environment.var("DOCKER_CERT_PATH").map(PathBuf::from);
    if verify || environment.var("DOCKER_TLS").is_some() {
        return Ok(endpoint.with_tls(certificates, verify, names_port(url)));
    }
    Ok(match endpoint {
        Endpoint::Tls { .. } => endpoint.with_tls(certificates, true, true),
        other => other,
    })
}

/// The first usual socket that accepts a connection.
fn usual(environment: &Environment) -> Result<Found, EngineError> {
    let mut tried = Vec::new();
    let mut denied = None;
    for endpoint in usual_places(environment) {
        match accepts(&endpoint) {
            Ok(()) => {
                return Ok(Found { endpoint, by: FoundBy::Socket });
            }
            Err(error) => {
                tried.push(format!("{endpoint} ({})", reason(&error)));
                if error.kind() == io::ErrorKind::PermissionDenied {
                    denied = denied.or(Some(endpoint));
                }
            }
        }
    }
    Err(match denied {
        Some(endpoint) => EngineError::PermissionDenied { endpoint: endpoint.to_string() },
        None => EngineError::NothingFound { tried: tried.join(", ") },
    })
}

#[cfg(unix)]
fn usual_places(environment: &Environment) -> Vec<Endpoint> {
    let root = environment.root();
    let runtime = environment.var("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = |path: &str| runtime.as_ref().map(|directory| directory.join(path));
    let home = |path: &str| environment.home().map(|directory| directory.join(path));
    [
        Some(root.join("var/run/docker.sock")),
        // Rootless Docker; on macOS the second one is Docker Desktop's.
        runtime("docker.sock"),
        home(".docker/run/docker.sock"),
        // Docker Desktop on Linux.
        home(".docker/desktop/docker.sock"),
        runtime("podman/podman.sock"),
        Some(root.join("run/podman/podman.sock")),
    ]
    .into_iter()
    .flatten()
    .map(Endpoint::Unix)
    .collect()
}

#[cfg(windows)]
fn usual_places(_: &Environment) -> Vec<Endpoint> {
    let pipes =
        ["//./pipe/docker_engine", "//./pipe/dockerDesktopLinuxEngine", "//./pipe/podman-machine-default"];
    pipes.map(|pipe| Endpoint::Npipe(pipe.into())).into()
}

fn accepts(endpoint: &Endpoint) -> io::Result<()> {
    match endpoint {
        #[cfg(unix)]
        Endpoint::Unix(path) => std::os::unix::net::UnixStream::connect(path).map(drop),
        #[cfg(windows)]
        Endpoint::Npipe(path) => {
            std::fs::OpenOptions::new().read(true).write(true).open(path.replace('/', "\\")).map(drop)
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

#[cfg(all(test, unix))]
mod tests;
