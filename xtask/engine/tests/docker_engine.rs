//! The connection to a real engine: bollard's requests and upgraded streams over one endpoint.
//! They need the engine that `cargo xtask setup` starts.

mod docker_support;

use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};

use bollard_buildkit_proto::moby::buildkit::v1::ListWorkersRequest;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use docker_support::{engine, socket};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use xtask_engine::docker::{BoxStream, Endpoint, Engine, UpgradeError};

#[tokio::test]
async fn an_engine_tells_what_it_is_and_serves_many_requests_at_once() {
    let engine = engine().await;
    assert!(engine.info().api_version >= (1, 41), "{:?}", engine.info());
    assert_eq!(engine.info().os, "linux");
    let version = engine.docker().version().await.expect("it answers");
    assert_eq!(version.version.as_deref(), Some(&*engine.info().version));
    let requests = (0..50).map(|_| engine.docker().ping());
    for answer in futures_util::future::join_all(requests).await {
        assert_eq!(answer.expect("it answers"), "OK");
    }
}

#[tokio::test]
async fn buildkit_answers_on_an_upgraded_stream() {
    let engine = engine().await;
    let stream = engine.upgrade("/grpc", &[]).await.expect("it is upgraded");
    let channel = tonic::transport::Endpoint::from_static("http://buildkit")
        .connect_with_connector(OneStream(Some(stream)))
        .await
        .expect("a channel");
    let workers =
        ControlClient::new(channel).list_workers(ListWorkersRequest::default()).await.expect("an answer");
    assert_eq!(workers.into_inner().record.len(), 1);
}

#[tokio::test]
async fn a_session_opens_with_a_header_that_is_repeated() {
    let id = uuid::Uuid::new_v4().to_string();
    let headers = [
        ("X-Docker-Expose-Session-Uuid", &*id),
        ("X-Docker-Expose-Session-Name", "xtask"),
        ("X-Docker-Expose-Session-Grpc-Method", "/moby.filesync.v1.FileSync/DiffCopy"),
        ("X-Docker-Expose-Session-Grpc-Method", "/moby.filesync.v1.Auth/Credentials"),
    ];
    engine().await.upgrade("/session", &headers).await.expect("it is upgraded");
}

#[tokio::test]
async fn a_path_without_buildkit_is_told_as_such() {
    let answer = Endpoint::unix(socket()).upgrade("/no-such-path", &[]).await;
    let error = answer.map(|_| ()).expect_err("no such path");
    assert!(matches!(error, UpgradeError::NoBuildKit { .. }), "{error}");
    assert!(error.to_string().contains("page not found"), "{error}");
}

#[tokio::test]
async fn a_connection_that_is_lost_is_recognised() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let proxy = tokio::spawn(hang_up_at_the_second_request(listener));

    let connected = Engine::connect(Endpoint::unix(&socket)).await;
    let engine = connected.unwrap_or_else(|error| panic!("{error}"));
    let error = engine.docker().ping().await.expect_err("it hung up");
    assert!(Engine::is_gone(&error), "{error:?}");
    proxy.await.expect("no panic in the proxy");
    let error = engine.docker().ping().await.expect_err("nobody is there");
    assert!(Engine::is_gone(&error), "{error:?}");
    let error = engine.error("answer", error).to_string();
    let expected = format!("lost the container engine at unix://{}: ", socket.display());
    assert!(error.starts_with(&expected), "{error}");
}

async fn hang_up_at_the_second_request(listener: UnixListener) {
    let (mut client, _) = listener.accept().await.expect("a client");
    let mut engine = UnixStream::connect(socket()).await.expect("the engine");
    let (mut from_client, mut to_client) = client.split();
    let (mut from_engine, mut to_engine) = engine.split();
    let two_requests = async {
        let mut buffer = vec![0; 4096];
        let read = from_client.read(&mut buffer).await.expect("a request");
        to_engine.write_all(&buffer[..read]).await.expect("the engine reads");
        from_client.read(&mut buffer).await.expect("a second request")
    };
    let answers = tokio::io::copy(&mut from_engine, &mut to_client);
    tokio::select! { _ = two_requests => {}, _ = answers => {} }
}

/// A connector that hands out one stream, which is already open.
struct OneStream(Option<BoxStream>);

impl<R> tower_service::Service<R> for OneStream {
    type Response = TokioIo<BoxStream>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: R) -> Self::Future {
        let stream = self.0.take().ok_or_else(|| io::Error::other("the stream is used up"));
        ready(stream.map(TokioIo::new))
    }
}
