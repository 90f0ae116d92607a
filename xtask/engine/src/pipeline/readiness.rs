//! When a service counts as ready.

use serde::{Deserialize, Serialize};

/// What tells that a service is ready. The probes are ours: they begin with the container, come
/// often at first, and see what its clients will see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Readiness {
    /// `GET` on the port answers 2xx, also after redirects to itself.
    Http {
        /// The port.
        port: u16,
        /// The path, with a slash at its beginning.
        path: String,
        /// A field of the JSON answer at its top level, and the value it must have.
        field: Option<(String, String)>,
    },
    /// The port accepts connections.
    Tcp {
        /// The port.
        port: u16,
    },
    /// A command in the container ends with 0. Tried once the exposed ports accept connections,
    /// for each try costs the engine 75 ms.
    Command {
        /// The program and its arguments.
        args: Vec<String>,
    },
    /// A line of its output contains this text.
    LogLine {
        /// The text.
        text: String,
    },
    /// The image's own `HEALTHCHECK` says healthy; as often as the image says.
    Healthcheck,
    /// Every exposed port accepts connections: what counts where nothing else is said.
    Ports,
    /// It runs: what counts where nothing is said and no port is exposed.
    Running,
}

impl Readiness {
    /// `GET path` answers 2xx.
    pub fn http(port: u16, path: impl Into<String>) -> Self {
        Self::Http { port, path: path.into(), field: None }
    }

    /// `GET path` answers 2xx with a JSON object whose `field` is `value`; a field that is no text
    /// is compared as JSON writes it.
    pub fn http_json(
        port: u16,
        path: impl Into<String>,
        field: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        Self::Http { port, path: path.into(), field: Some((field.into(), value.into())) }
    }

    /// The port accepts connections.
    pub fn tcp(port: u16) -> Self {
        Self::Tcp { port }
    }

    /// The command ends with 0.
    pub fn command<S: Into<String>>(args: impl IntoIterator<Item = S>) -> Self {
        Self::Command { args: args.into_iter().map(Into::into).collect() }
    }

    /// A line of the output contains `text`.
    pub fn log_line(text: impl Into<String>) -> Self {
        Self::LogLine { text: text.into() }
    }

    /// The image's own `HEALTHCHECK`.
    pub fn healthcheck() -> Self {
        Self::Healthcheck
    }

    /// What shows that a service is ready where nobody said it: its ports, or that it runs.
    pub(crate) fn or_default(this: Option<&Self>, ports: &[u16]) -> Self {
        let default = if ports.is_empty() { Self::Running } else { Self::Ports };
        this.cloned().unwrap_or(default)
    }

    /// In a few words, for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Http { port, path, field: None } => format!("GET :{port}{path}"),
            Self::Http { port, path, field: Some((field, value)) } => {
                format!("GET :{port}{path} with {field} = {value}")
            }
            Self::Tcp { .. } => "a TCP connection".into(),
            Self::Command { args } => format!("`{}`", crate::in_one_line(&args.join(" "))),
            Self::LogLine { text } => format!("a line with {text:?}"),
            Self::Healthcheck => "the image's health check".into(),
            Self::Ports => "its ports".into(),
            Self::Running => "its process".into(),
        }
    }
}
