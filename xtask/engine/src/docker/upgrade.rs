//! An HTTP connection that turns into a byte stream: how BuildKit inside Docker Engine is reached.
//!
//! `POST /grpc` (BuildKit's gRPC services) and `POST /session` (services that BuildKit calls here)
//! answer `101 Switching Protocols` with `Upgrade: h2c` (moby, `api/server/router/{grpc,session}`).

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;

use super::connect::BoxStream;
use super::endpoint::Endpoint;
use super::error::{OpenFailure, cause};
use super::http::first_request;

/// How long an engine may take to answer: ssh's own limit for its connection.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Why a connection was not upgraded.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// The engine can't be reached.
    #[error(transparent)]
    Open(OpenFailure),
    /// The engine has no such endpoint: no BuildKit inside.
    #[error(
        "the container engine at {endpoint} has no BuildKit inside ({path}: {message}); steps need Docker Engine \
         20.10 or newer with Linux containers; Podman has none"
    )]
    NoBuildKit {
        /// The engine.
        endpoint: String,
        /// What was asked for.
        path: String,
        /// What it answered.
        message: String,
    },
    /// The engine answered with an error.
    #[error("the container engine at {endpoint} refused {path} with status {status}: {message}")]
    Refused {
        /// The engine.
        endpoint: String,
        /// What was asked for.
        path: String,
        /// The HTTP status.
        status: u16,
        /// What it answered.
        message: String,
    },
    /// The connection broke before there was an answer.
    #[error("the container engine at {endpoint} did not answer {path}: {reason}; check that it runs")]
    Broken {
        /// The engine.
        endpoint: String,
        /// What was asked for.
        path: String,
        /// What happened.
        reason: String,
    },
}

impl Endpoint {
    /// Opens a connection to the engine and upgrades it: `path` is `/grpc` or `/session`; `headers`
    /// may name one header more than once (`X-Docker-Expose-Session-Grpc-Method`). The result is
    /// the raw stream, on which HTTP/2 begins with its preface.
    ///
    /// # Errors
    /// If the engine can't be reached, has no BuildKit, or does not answer within 30 seconds.
    pub async fn upgrade(&self, path: &str, headers: &[(&str, &str)]) -> Result<BoxStream, UpgradeError> {
        tokio::time::timeout(TIME_LIMIT, self.upgrade_now(path, headers)).await.unwrap_or_else(|_| {
            Err(self.broken(path, format!("it said nothing for {} seconds", TIME_LIMIT.as_secs())))
        })
    }

    async fn upgrade_now(&self, path: &str, headers: &[(&str, &str)]) -> Result<BoxStream, UpgradeError> {
        let stream = self.open().await.map_err(|error| UpgradeError::Open(OpenFailure::new(self, &error)))?;
        let broken = |error: hyper::Error| self.broken(path, cause(&error));
        let mut request = Request::builder().method(Method::POST).uri(path).header(HOST, "docker");
        request = request.header(CONNECTION, "Upgrade").header(UPGRADE, "h2c");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Empty::<Bytes>::new())
            .map_err(|error| self.broken(path, format!("bad request: {error}")))?;

        let (_sender, mut response) = first_request(stream, request).await.map_err(broken)?;
        let status = response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS {
            let upgraded = hyper::upgrade::on(&mut response).await.map_err(broken)?;
            return Ok(Box::new(TokioIo::new(upgraded)));
        }
        let body = response.into_body().collect().await.map_err(broken)?.to_bytes();
        let (endpoint, path, message) = (self.to_string(), path.to_owned(), engine_message(&body));
        Err(match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                UpgradeError::NoBuildKit { endpoint, path, message }
            }
            _ => UpgradeError::Refused { endpoint, path, status: status.as_u16(), message },
        })
    }

    fn broken(&self, path: &str, reason: String) -> UpgradeError {
        UpgradeError::Broken { endpoint: self.to_string(), path: path.into(), reason }
    }
}

/// The text in an engine's error: `{"message": "…"}` in Docker and Podman, else the body itself.
pub(crate) fn engine_message(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Message {
        message: String,
    }
    let text = serde_json::from_slice::<Message>(body)
        .map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |body| body.message);
    let text = text.trim();
    if text.is_empty() { "no reason given".into() } else { text.into() }
}
