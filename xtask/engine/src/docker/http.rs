//! HTTP/1.1 on a fresh stream to an engine.

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use super::connect::BoxStream;

/// Sends the first request on `stream`. Gives what sends further ones, and the answer, whose body
/// may still be on its way and which may be an upgrade. The connection ends when both are dropped.
///
/// # Errors
/// hyper's, with the stream's own error as their cause if it failed before the request was sent:
/// that is where ssh says why.
pub(crate) async fn first_request<B>(
    stream: BoxStream,
    request: Request<B>,
) -> hyper::Result<(SendRequest<B>, Response<Incoming>)>
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection.with_upgrades());
    match sender.send_request(request).await {
        Ok(response) => Ok((sender, response)),
        Err(error) if error.is_canceled() => {
            drop(sender);
            match connection.await {
                Ok(Err(reason)) => Err(reason),
                _ => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use http_body_util::Empty;
    use hyper::body::Bytes;
    use tokio::process::Command;

    use super::super::error::cause;
    use super::super::process::ProcessStream;
    use super::*;

    #[tokio::test]
    async fn what_the_program_behind_a_stream_says_is_the_reason() {
        // Whether it ends before or after the request is written is left to chance.
        for script in ["echo 'no such host' >&2; exit 255", "read line; echo 'no such host' >&2; exit 255"] {
            for _ in 0..20 {
                let mut command = Command::new("sh");
                command.args(["-c", script]);
                let stream = Box::new(ProcessStream::spawn(command).expect("sh starts"));
                let request = Request::get("/version").body(Empty::<Bytes>::new()).expect("a request");
                let error = first_request(stream, request).await.map(|_| ()).expect_err("it ended");
                assert_eq!(cause(&error), "`sh` says: no such host");
            }
        }
    }
}
