//! One open stream as tonic wants it: as a server's connection, and as a client's connector.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};
use tonic::codegen::http::Uri;
use tonic::transport::server::Connected;
use tower_service::Service;

use crate::docker::BoxStream;

/// A stream that is a server's connection. tonic serves it in a task of its own, so that its end is
/// seen and made here.
pub(super) struct Connection {
    stream: BoxStream,
    /// Ends the connection.
    close: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Tells that it ended.
    _closed: DropGuard,
}

impl Connection {
    /// A connection that ends with `close`, and cancels `closed` when it ended, whoever ended it.
    pub(super) fn new(stream: BoxStream, close: CancellationToken, closed: CancellationToken) -> Self {
        Self { stream, close: Box::pin(close.cancelled_owned()), _closed: closed.drop_guard() }
    }
}

impl Connected for Connection {
    type ConnectInfo = ();
    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.close.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(())); // no bytes: the end
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Gives a client the one stream that is open; a second time there is none, for a lost engine is
/// an error and not to be dialled again unasked.
pub(super) struct Once(pub(super) Option<BoxStream>);

impl Service<Uri> for Once {
    type Response = TokioIo<BoxStream>;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let stream = self.0.take().map(TokioIo::new);
        std::future::ready(
            stream.ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, "the connection is lost")),
        )
    }
}
