//! bollard's requests over an [`Endpoint`]: HTTP/1.1 connections that are kept and used again.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use bollard::BollardRequest;
use bollard::errors::Error;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};

use super::endpoint::{Endpoint, authority};
use super::http::first_request;

/// As many connections as are kept at most; beyond that, one is closed after its answer.
const KEPT: usize = 16;
/// How long a busy connection is waited for where a new one is costly: some 100 ms with TLS.
const PATIENCE: Duration = Duration::from_millis(5);

type FrameStream = dyn futures_util::Stream<Item = Result<Frame<Bytes>, std::io::Error>> + Send;
/// What bollard sends; it does not name the type itself.
type Body = Either<Full<Bytes>, StreamBody<Pin<Box<FrameStream>>>>;

/// Sends requests to one engine. A connection is busy until its answer has been read to the end;
/// one whose answer is dropped unread is closed by hyper.
pub(crate) struct Transport {
    endpoint: Endpoint,
    host: HeaderValue,
    /// `/v1.41`, once it is known what the engine speaks.
    version: OnceLock<String>,
    kept: Mutex<Vec<SendRequest<Body>>>,
}

impl Transport {
    pub(crate) fn new(endpoint: Endpoint) -> Arc<Self> {
        // A proxy in front of a remote engine may want to know; a socket's engine wants any name.
        let host = match &endpoint {
            Endpoint::Tcp { host, port } | Endpoint::Tls { host, port, .. } => {
                HeaderValue::try_from(authority(host, *port)).ok()
            }
            _ => None,
        };
        let host = host.unwrap_or(HeaderValue::from_static("docker"));
        Arc::new(Self { endpoint, host, version: OnceLock::new(), kept: Mutex::default() })
    }

    /// From now on, requests name this version of the API. bollard 0.21 knows it but leaves it out
    /// (`uri.rs` joins an absolute path), and an engine that is newer than bollard would then
    /// answer in a way that bollard may not know.
    pub(crate) fn speak(&self, major: usize, minor: usize) {
        // Said once, by whoever made it; a second time would change nothing.
        let _ = self.version.set(format!("/v{major}.{minor}"));
    }

    /// Sends `request` and gives the answer, whose body may still be on its way.
    ///
    /// # Errors
    /// `IOError` when no connection can be opened, `HyperResponseError` when it breaks.
    pub(crate) async fn request(
        self: Arc<Self>,
        request: BollardRequest,
    ) -> Result<Response<Incoming>, Error> {
        let mut request = self.addressed(request)?;
        while let Some(mut sender) = self.take().await {
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(self.keep(sender, response)),
                Err(mut error) => match error.take_message() {
                    // The engine had closed it meanwhile and got nothing of the request.
                    Some(unsent) => request = unsent,
                    None => return Err(error.into_error().into()),
                },
            }
        }
        let (sender, response) = first_request(self.endpoint.open().await?, request).await?;
        Ok(self.keep(sender, response))
    }

    /// The request as it is sent to the engine itself: a path, and the host in its header.
    fn addressed(&self, request: BollardRequest) -> Result<Request<Body>, Error> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let version = self.version.get().filter(|_| !path.starts_with("/v1."));
        parts.uri = format!("{}{path}", version.map_or("", String::as_str)).parse::<Uri>()?;
        parts.headers.insert(HOST, self.host.clone());
        Ok(Request::from_parts(parts, body))
    }

    /// A kept connection that is free.
    async fn take(&self) -> Option<SendRequest<Body>> {
        let mut busy = {
            let mut kept = self.kept();
            kept.retain(|sender| !sender.is_closed());
            if let Some(ready) = kept.iter().rposition(SendRequest::is_ready) {
                return Some(kept.swap_remove(ready));
            }
            if !matches!(self.endpoint, Endpoint::Ssh { .. } | Endpoint::Tls { .. }) {
                return None;
            }
            kept.pop()?
        };
        // Its last answer may just have been read; a new connection costs a process and more.
        match tokio::time::timeout(PATIENCE, busy.ready()).await {
            Ok(Ok(())) => Some(busy),
            Ok(Err(_)) => None,
            Err(_) => {
                self.kept().push(busy);
                None
            }
        }
    }

    fn keep(&self, sender: SendRequest<Body>, response: Response<Incoming>) -> Response<Incoming> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let mut kept = self.kept();
            if kept.len() < KEPT {
                kept.push(sender);
            }
        }
        response
    }

    fn kept(&self) -> MutexGuard<'_, Vec<SendRequest<Body>>> {
        self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
