//! How an engine is met that is old, foreign, silent, or goes away: stand-ins on a Unix socket.

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use super::*;

/// A stand-in that answers a request by its path, and hangs up where there is no answer.
struct StandIn {
    endpoint: Endpoint,
    _directory: tempfile::TempDir,
}

impl StandIn {
    fn new(answer: impl Fn(&str) -> Option<String> + Clone + Send + 'static) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = vec![0; 8192];
                    while let Ok(read @ 1..) = stream.read(&mut request).await {
                        let head = String::from_utf8_lossy(&request[..read]).into_owned();
                        let path = head.split(' ').nth(1).unwrap_or_default();
                        let Some(answer) = answer(path) else { return };
                        stream.write_all(answer.as_bytes()).await.expect("written");
                        if answer.contains("chunked") {
                            return;
                        }
                    }
                });
            }
        });
        Self { endpoint: Endpoint::Unix(socket), _directory: directory }
    }

    /// The error of connecting to it; its socket written as SOCKET.
    async fn error(&self) -> String {
        let error = Engine::connect(self.endpoint.clone()).await.expect_err("no usable engine");
        error.to_string().replace(&self.endpoint.to_string(), "SOCKET")
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn version(version: &str, api: &str) -> String {
    ok(&format!(r#"{{"Version":"{version}","ApiVersion":"{api}","Os":"linux","Arch":"amd64"}}"#))
}

#[tokio::test]
async fn an_engine_older_than_docker_20_10_is_refused_with_its_version() {
    let old = StandIn::new(|_| Some(version("19.03.15", "1.40")));
    assert_eq!(
        old.error().await,
        "the container engine at SOCKET is too old: version 19.03.15 speaks API 1.40, needed is 1.41 or newer (Docker \
         20.10); upgrade it, or let `cargo xtask setup` install one (Debian and Ubuntu)"
    );
}

#[tokio::test]
async fn requests_are_made_in_the_engines_own_version() {
    let engine = StandIn::new(|path| match path {
        "/version" => Some(version("20.10.24", "1.41")),
        "/v1.41/_ping" => Some(ok("OK")),
        _ => None,
    });
    let engine = Engine::connect(engine.endpoint.clone()).await.expect("connected");
    assert_eq!(engine.docker().ping().await.expect("answered"), "OK");
    // One that is newer than bollard is spoken to in bollard's.
    let newer = StandIn::new(|path| match path {
        "/version" => Some(version("99.0", "1.199")),
        "/v1.53/_ping" => Some(ok("OK")),
        _ => None,
    });
    let newer = Engine::connect(newer.endpoint.clone()).await.expect("connected");
    assert_eq!(newer.info().api_version, (1, 199));
    assert_eq!(newer.docker().ping().await.expect("answered"), "OK");
}

#[tokio::test]
async fn a_greeting_is_enough_for_a_docker_engine_that_will_do() {
    let greeted = |server: &'static str, api: &'static str| async move {
        let engine = StandIn::new(move |_| {
            Some(format!(
                "HTTP/1.1 200 OK\r\nServer: {server}\r\nApi-Version: {api}\r\nOstype: linux\r\nContent-Length: \
                 2\r\n\r\nOK"
            ))
        });
        Engine::greet(&engine.endpoint).await.map(|engine| engine.info().version.clone())
    };
    // A greeting may take half a second, and a busy machine longer: then again.
    let mut version = None;
    for _ in 0..20 {
        version = version.or(greeted("Docker/20.10.24+dfsg1 (linux)", "1.41").await);
    }
    assert_eq!(version.as_deref(), Some("20.10.24+dfsg1"));
    assert_eq!(greeted("Docker/19.03.15 (linux)", "1.40").await, None, "connect says that it is too old");
    assert_eq!(greeted("Libpod/5.4.2 (linux)", "1.41").await, None);
    let silent = StandIn::new(|_| None);
    assert!(Engine::greet(&silent.endpoint).await.is_none());
}

#[tokio::test]
async fn what_is_no_engine_is_told_as_such() {
    let foreign = StandIn::new(|_| Some(ok("<html>")));
    let error = foreign.error().await;
    assert!(error.contains("does not answer: what listens there is no container engine;"), "{error}");
    let refusing = StandIn::new(|_| Some("HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nnever".into()));
    let error = refusing.error().await;
    assert!(error.contains("does not answer: it refused to tell its version: never;"), "{error}");
    let hangs_up = StandIn::new(|_| None);
    let error = hangs_up.error().await;
    assert!(error.contains("does not answer: connection closed before message completed;"), "{error}");
}

#[tokio::test]
async fn a_socket_without_an_engine_is_told_as_such() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("docker.sock");
    let error = |endpoint| async move { Engine::connect(endpoint).await.expect_err("nobody").to_string() };
    let missing = error(Endpoint::unix(&socket)).await;
    assert!(missing.contains("docker.sock does not answer: there is no such socket; start it"), "{missing}");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("a socket"));
    // A child that another test is just starting has it open, too, until it executes its program.
    while std::os::unix::net::UnixStream::connect(&socket).is_ok() {
        tokio::task::yield_now().await;
    }
    let dead = error(Endpoint::unix(&socket)).await;
    assert!(dead.contains("docker.sock does not answer: nothing listens there; start it"), "{dead}");
}

#[tokio::test]
async fn an_engine_that_says_nothing_is_not_waited_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("docker.sock");
    let _listener = UnixListener::bind(&socket).expect("a socket");
    let endpoint = Endpoint::unix(&socket);
    let transport = Transport::new(endpoint.clone());
    let error = ask_version(&endpoint, &transport, Duration::from_millis(20)).await.expect_err("silence");
    assert!(error.to_string().contains("does not answer: it said nothing for 20ms;"), "{error}");
}

#[tokio::test]
async fn an_engine_that_dies_in_the_middle_of_an_answer_is_gone() {
    let begins = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"Type\":";
    let dying = StandIn::new(move |path| match path {
        "/version" => Some(version("20.10.24", "1.41")),
        _ => Some(begins.into()),
    });
    let engine = Engine::connect(dying.endpoint.clone()).await.expect("connected");
    let gone = |error: &bollard::errors::Error| assert!(Engine::is_gone(error), "{error:?}");
    gone(&engine.docker().version().await.expect_err("cut off"));
    let events = engine.docker().events(None::<bollard::query_parameters::EventsOptions>);
    gone(&events.collect::<Vec<_>>().await.pop().expect("an item").expect_err("cut off"));
    let logs = engine.docker().logs("c", None::<bollard::query_parameters::LogsOptions>);
    gone(&logs.collect::<Vec<_>>().await.pop().expect("an item").expect_err("cut off"));
    let refused =
        bollard::errors::Error::DockerResponseServerError { status_code: 500, message: "no".into() };
    assert!(!Engine::is_gone(&refused));
}

#[tokio::test]
async fn podman_is_recognised_and_has_no_buildkit() {
    let podman = StandIn::new(|path| match path {
        "/version" => {
            Some(ok(r#"{"Platform":{"Name":"linux/amd64/debian-13"},"Components":[{"Name":"Podman Engine",
            "Version":"5.4.2"}],"Version":"5.4.2","ApiVersion":"1.41","Os":"linux","Arch":"amd64"}"#))
        }
        _ => Some("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot Found".into()),
    });
    let engine = Engine::connect(podman.endpoint.clone()).await.expect("connected");
    assert!(engine.info().is_podman());
    assert_eq!(engine.info().platform(), "linux/amd64");
    let error = engine.upgrade("/grpc", &[]).await.map(|_| ()).expect_err("no BuildKit");
    assert!(matches!(error, EngineError::WithoutBuildKit { .. }));
    let error = error.to_string().replace(&podman.endpoint.to_string(), "SOCKET");
    assert_eq!(
        error,
        "the container engine at SOCKET has no BuildKit inside (Not Found), which runs the steps; use Docker Engine \
         20.10 or newer: `cargo xtask setup` installs and starts one (Debian and Ubuntu)"
    );
}
