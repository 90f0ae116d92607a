//! Connections to containers: from here, where their addresses can be reached from here, else
//! through a prober in their network.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Prober;

/// Whether the bridge that a network of the engine's is, is an interface of this machine: then the
/// containers on it can be reached from here. Not so with Docker Desktop, a rootless or a remote
/// engine, or from inside a container. Its address would not tell: every engine gives out the same
/// ones, so that of a remote network may be that of a local one.
pub(crate) fn is_here(bridge: &str) -> bool {
    // Of the network namespace that this process is in, which /sys need not show.
    std::fs::read_to_string("/proc/net/dev").is_ok_and(|interfaces| is_listed(&interfaces, bridge))
}

/// Whether `interfaces`, in the format of `/proc/net/dev`, has one of this name.
fn is_listed(interfaces: &str, name: &str) -> bool {
    interfaces.lines().any(|line| line.split_once(':').is_some_and(|(known, _)| known.trim() == name))
}

/// Opens connections to containers. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Dialer {
    /// From here.
    Direct,
    /// From a container in their network.
    Prober(Arc<Prober>),
}

/// A stream to a port of a container.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

impl Dialer {
    /// Whether the port accepts a connection.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) async fn accepts(&self, address: IpAddr, port: u16) -> Result<(), String> {
        match self {
            Self::Direct => self.connect(address, port).await.map(drop),
            Self::Prober(prober) => prober.accepts(address, port).await,
        }
    }

    /// A connection for one HTTP request.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn connect(&self, address: IpAddr, port: u16) -> Result<Box<dyn Connection>, String> {
        match self {
            Self::Direct => {
                let stream = TcpStream::connect(SocketAddr::new(address, port)).await;
                stream.map(|stream| Box::new(stream) as _).map_err(|error| reason(&error, port))
            }
            Self::Prober(prober) => prober.connect(address, port).await,
        }
    }
}

fn reason(error: &io::Error, port: u16) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("nothing listens on port {port}"),
        _ => format!("port {port}: {}", crate::source::reason(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_known_by_their_whole_name() {
        let interfaces =
            "Inter-|   Receive\n face |bytes    packets\n    lo: 66082     748\nbr-0123456789ab:  1 2\n";
        assert!(is_listed(interfaces, "br-0123456789ab") && is_listed(interfaces, "lo"));
        assert!(!is_listed(interfaces, "br-0123456789a") && !is_listed(interfaces, "br-ffffffffffff"));
    }
}
