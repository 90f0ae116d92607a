//! Connections to containers: from here, where their addresses can be reached from here, else
//! through a prober in their network.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Prober;

/// Whether the machine with this address of a network is ours: then the containers on it can be
/// reached from here. Not so with Docker Desktop, a rootless or a remote engine, or from inside a
/// container.
pub(crate) fn is_here(gateway: IpAddr) -> bool {
    // An address can be bound only where it belongs to an interface.
    TcpListener::bind((gateway, 0)).is_ok()
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
