//! What can be wrong with a container engine, each with what to do about it.

use std::error::Error;
use std::fmt;
use std::io;

use super::endpoint::{Endpoint, EndpointError};
use super::gone::{is_gone, lost};
use super::upgrade::UpgradeError;

/// What is wrong with the container engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No engine was named and none was found.
    #[error(
        "found no container engine; tried {tried}; start Docker, or let `cargo xtask setup` install and start it \
         (Debian and Ubuntu)"
    )]
    NothingFound {
        /// The sockets that were tried, with the reasons.
        tried: String,
    },
    /// The address, or Docker's own configuration, is wrong.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Nothing answers at the engine's address.
    #[error("the container engine at {endpoint} does not answer: {reason}; {}", advice(endpoint))]
    DoesNotAnswer {
        /// The engine.
        endpoint: String,
        /// What happened.
        reason: String,
    },
    /// The socket is there, but not for this user.
    #[error(
        "no permission to use the container engine at {endpoint}; add yourself to the group `docker` (`sudo usermod \
         -aG docker $USER`, then log in again), or use sudo"
    )]
    PermissionDenied {
        /// The engine.
        endpoint: String,
    },
    /// The engine is older than what the project relies on.
    #[error(
        "the container engine at {endpoint} is too old: version {version} speaks API {api}, needed is 1.41 or newer \
         (Docker 20.10); upgrade it, or let `cargo xtask setup` install one (Debian and Ubuntu)"
    )]
    TooOld {
        /// The engine.
        endpoint: String,
        /// Its version.
        version: String,
        /// The newest API it speaks.
        api: String,
    },
    /// The engine can run containers but no build steps.
    #[error(
        "the container engine at {endpoint} has no BuildKit inside ({message}), which runs the steps; use Docker \
         Engine 20.10 or newer: `cargo xtask setup` installs and starts one (Debian and Ubuntu)"
    )]
    WithoutBuildKit {
        /// The engine.
        endpoint: String,
        /// What it answered.
        message: String,
    },
    /// The connection was lost while something was going on.
    #[error("lost the container engine at {endpoint}: {reason}; {}", advice(endpoint))]
    Gone {
        /// The engine.
        endpoint: String,
        /// What happened.
        reason: String,
    },
    /// The engine refused a request.
    #[error("the container engine cannot {action}: {message}")]
    Refused {
        /// What it was asked to do, as the end of "cannot …".
        action: String,
        /// The HTTP status; 0 when the refusal came in the middle of an answer.
        status: u16,
        /// What it answered.
        message: String,
    },
}

impl EngineError {
    /// Whether what was asked for is wrong, rather than the engine.
    pub fn is_usage(&self) -> bool {
        use EndpointError as E;
        matches!(
            self,
            Self::Endpoint(E::Invalid { .. } | E::Unknown { .. } | E::NoContext { .. } | E::Variable { .. })
        )
    }

    /// What `error` means when the engine at `endpoint` was asked to `action` (the end of
    /// "cannot …").
    pub fn from_request(endpoint: &Endpoint, action: &str, error: bollard::errors::Error) -> Self {
        use bollard::errors::Error as E;
        let (action, endpoint_text) = (action.to_owned(), endpoint.to_string());
        match error {
            _ if is_gone(&error) => Self::Gone { endpoint: endpoint_text, reason: lost(&error) },
            E::RequestTimeoutError => Self::DoesNotAnswer {
                endpoint: endpoint_text,
                reason: format!("it took too long to {action}"),
            },
            E::DockerResponseServerError { status_code, message } => {
                Self::Refused { action, status: status_code, message: message.trim().to_owned() }
            }
            E::DockerStreamError { error } => Self::Refused { action, status: 0, message: error },
            E::IOError { err } => OpenFailure::new(endpoint, &err).into(),
            other => Self::Refused { action, status: 0, message: cause(&other) },
        }
    }
}

impl From<UpgradeError> for EngineError {
    fn from(error: UpgradeError) -> Self {
        match error {
            UpgradeError::Open(failure) => failure.into(),
            UpgradeError::NoBuildKit { endpoint, message, .. } => Self::WithoutBuildKit { endpoint, message },
            UpgradeError::Refused { path, status, message, .. } => {
                Self::Refused { action: format!("open {path}"), status, message }
            }
            UpgradeError::Broken { endpoint, reason, .. } => Self::DoesNotAnswer { endpoint, reason },
        }
    }
}

/// What to do about an engine that is not there.
fn advice(endpoint: &str) -> &'static str {
    if endpoint.starts_with("unix:") || endpoint.starts_with("npipe:") {
        "start it (`cargo xtask setup` does on Debian and Ubuntu), or name another one with --engine"
    } else {
        "check its address and that it runs there, or name another one with --engine"
    }
}

/// Why no stream to an engine could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFailure {
    endpoint: String,
    denied: bool,
    reason: String,
}

impl OpenFailure {
    pub(crate) fn new(endpoint: &Endpoint, error: &io::Error) -> Self {
        let denied = error.kind() == io::ErrorKind::PermissionDenied && endpoint.is_local();
        Self { endpoint: endpoint.to_string(), denied, reason: reason(error) }
    }
}

impl fmt::Display for OpenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        EngineError::from(self.clone()).fmt(f)
    }
}

impl Error for OpenFailure {}

impl From<OpenFailure> for EngineError {
    fn from(failure: OpenFailure) -> Self {
        let OpenFailure { endpoint, denied, reason } = failure;
        if denied { Self::PermissionDenied { endpoint } } else { Self::DoesNotAnswer { endpoint, reason } }
    }
}

/// An error of the operating system in the words of a user.
pub(crate) fn reason(error: &io::Error) -> String {
    // Our own errors carry their text; the system's say little about sockets.
    match error.kind() {
        _ if error.get_ref().is_some() => cause(error),
        io::ErrorKind::NotFound => "there is no such socket".into(),
        io::ErrorKind::ConnectionRefused => "nothing listens there".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => cause(error),
    }
}

/// The innermost cause of an error, which says most: hyper's own texts end at "connection error".
pub(crate) fn cause(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    // Without the number that Rust adds to the system's own text.
    text.split(" (os error ").next().unwrap_or(&text).to_owned()
}
