//! Where a container engine listens: a value, parsed from the URLs that Docker uses.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The port of an engine that listens without encryption (Docker's documentation of `dockerd -H`).
const PORT: u16 = 2375;
/// The port of an engine that listens with TLS (the same).
const TLS_PORT: u16 = 2376;

/// Where an engine listens and how it is reached. `Display` gives its URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Endpoint {
    /// A Unix socket: `unix:///var/run/docker.sock`.
    Unix(PathBuf),
    /// TCP without encryption: `tcp://host:2375`.
    Tcp {
        /// A name or an address; IPv6 without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// TCP with TLS: `https://host:2376`.
    Tls {
        /// A name or an address; IPv6 without brackets.
        host: String,
        /// The port.
        port: u16,
        /// The directory of `ca.pem`, `cert.pem` and `key.pem`; none: Docker's own default.
        certificates: Option<PathBuf>,
        /// Whether the engine's certificate is checked.
        verify: bool,
    },
    /// Another machine's engine, through ssh: `ssh://user@host:22/path/of/socket`.
    Ssh {
        /// The user there; none: as ssh is configured.
        user: Option<String>,
        /// The machine, or its name in ssh's configuration.
        host: String,
        /// ssh's port; none: as ssh is configured.
        port: Option<u16>,
        /// The engine's socket there; none: the default of the docker client there.
        socket: Option<String>,
    },
    /// A named pipe of Windows: `npipe:////./pipe/docker_engine`. Holds `//./pipe/docker_engine`.
    Npipe(String),
}

/// Why text does not name an engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The text is no URL of an engine.
    #[error(
        "`{text}` is not the address of a container engine: {reason}; write it as \
         unix:///path/of/socket, tcp://host:port or ssh://user@host"
    )]
    Invalid {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A variable holds no address.
    #[error("{variable}: {error}")]
    Variable {
        /// Its name.
        variable: &'static str,
        /// What is wrong with its value.
        error: Box<Self>,
    },
    /// Neither a URL, a socket nor a Docker context.
    #[error(
        "`{text}` is neither the address of a container engine, nor an existing socket, nor a \
         Docker context; `docker context ls` lists the contexts"
    )]
    Unknown {
        /// What was given.
        text: String,
    },
    /// A Docker context that is named somewhere but not there.
    #[error(
        "the Docker context `{name}`, named by {by}, does not exist; `docker context ls` lists those that do"
    )]
    NoContext {
        /// Its name.
        name: String,
        /// What names it.
        by: String,
    },
    /// Docker's own files could not be understood.
    #[error("cannot read {}: {reason}; correct or remove it", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl Endpoint {
    /// The endpoint of the Unix socket at `path`.
    pub fn unix(path: impl AsRef<Path>) -> Self {
        Self::Unix(path.as_ref().to_path_buf())
    }

    /// Whether the engine runs on this machine as far as its address says, so that its containers'
    /// addresses may be reachable from here.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Unix(_) | Self::Npipe(_))
    }

    /// The same endpoint with TLS, if it is plain TCP. `port_given` is false when the URL named no
    /// port: then TLS's own port is taken.
    pub(crate) fn with_tls(self, certificates: Option<PathBuf>, verify: bool, port_given: bool) -> Self {
        match self {
            Self::Tcp { host, port } => {
                Self::Tls { host, port: if port_given { port } else { TLS_PORT }, certificates, verify }
            }
            Self::Tls { host, port, certificates: own, verify: _ } => {
                Self::Tls { host, port, certificates: own.or(certificates), verify }
            }
            other => other,
        }
    }
}

/// Whether the URL `text` names a port.
pub(crate) fn names_port(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.port().is_some())
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    /// Parses `unix://`, `tcp://`, `http://`, `https://`, `ssh://` and `npipe://` URLs.
    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let invalid = |reason: &str| EndpointError::Invalid { text: text.into(), reason: reason.into() };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("it has no scheme"))?;
        match scheme {
            // Paths are taken as they are written: Docker does not decode percent signs in them.
            "unix" if rest.starts_with('/') => Ok(Self::Unix(rest.into())),
            "unix" => Err(invalid("the path of the socket must be absolute")),
            "npipe" if rest.starts_with("//") && rest.len() > 2 => Ok(Self::Npipe(rest.replace('\\', "/"))),
            "npipe" => Err(invalid("a pipe is written npipe:////./pipe/NAME")),
            "tcp" | "http" | "https" | "ssh" => {
                let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
                Self::from_url(scheme, &url).map_err(invalid)
            }
            _ => Err(invalid(&format!("`{scheme}` is no way to reach one"))),
        }
    }
}

impl Endpoint {
    fn from_url(scheme: &str, url: &Url) -> Result<Self, &'static str> {
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err("it names no host"),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err("`?` and `#` have no meaning in it");
        }
        if url.password().is_some() {
            return Err("it holds a password, which ssh and Docker do not take from there");
        }
        let path = url.path().trim_end_matches('/');
        if scheme == "ssh" {
            // A word that begins with a dash would be an option of ssh.
            if host.starts_with('-') || url.username().starts_with('-') {
                return Err("a host or user does not begin with a dash");
            }
            let user = (!url.username().is_empty()).then(|| url.username().to_owned());
            let socket = (!path.is_empty()).then(|| path.to_owned());
            return Ok(Self::Ssh { user, host, port: url.port(), socket });
        }
        if !path.is_empty() || !url.username().is_empty() {
            return Err("only a host and a port belong into it");
        }
        Ok(match scheme {
            "https" => {
                Self::Tls { host, port: url.port().unwrap_or(TLS_PORT), certificates: None, verify: true }
            }
            _ => Self::Tcp { host, port: url.port().unwrap_or(PORT) },
        })
    }
}

/// `host:port`, with brackets around an IPv6 address.
pub(crate) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl Endpoint {
    /// The same from whatever directory it is looked at.
    pub(crate) fn absolute(self) -> Self {
        match self {
            Self::Unix(path) => Self::Unix(std::path::absolute(&path).unwrap_or(path)),
            other => other,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port } => write!(f, "tcp://{}", authority(host, *port)),
            Self::Tls { host, port, .. } => write!(f, "https://{}", authority(host, *port)),
            Self::Ssh { user, host, port, socket } => {
                f.write_str("ssh://")?;
                if let Some(user) = user {
                    write!(f, "{user}@")?;
                }
                match port {
                    Some(port) => f.write_str(&authority(host, *port))?,
                    None if host.contains(':') => write!(f, "[{host}]")?,
                    None => f.write_str(host)?,
                }
                f.write_str(socket.as_deref().unwrap_or_default())
            }
            Self::Npipe(path) => write!(f, "npipe://{path}"),
        }
    }
}

#[cfg(test)]
mod tests;
