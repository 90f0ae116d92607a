//! One open stream as a tonic client wants it: as a connector.

use std::io;
use std::task::{Context, Poll};

use hyper_util::rt::TokioIo;
use tonic::codegen::http::Uri;
use tower_service::Service;

use crate::docker::BoxStream;

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
