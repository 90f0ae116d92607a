//! Something that answers where an engine should: a few canned answers, the rest from the real
//! engine if it is to be had.

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;

/// What a stub does with a request, told by its first line.
pub enum Answer {
    /// Answers with a status line and a body.
    With(&'static str, String),
    /// Says nothing and keeps the connection.
    Silence,
    /// Hands the connection to the real engine.
    Engine,
}

/// A socket at which a stub of an engine answers; gone with it.
pub struct Stub {
    dir: TempDir,
}

impl Stub {
    /// Answers each connection's first request as `answer` says.
    pub fn new(answer: impl Fn(&str) -> Answer + Send + Sync + Copy + 'static) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let listener = UnixListener::bind(dir.path().join("engine.sock")).expect("a socket");
        // Ends with the process: it holds nothing but the socket.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || serve(stream, answer));
            }
        });
        Self { dir }
    }

    /// An engine that speaks this version of the API and has nothing else.
    pub fn of_version(version: &'static str, api: &'static str) -> Self {
        let body = (version, api);
        Self::new(move |request| {
            let (version, api) = body;
            if request.contains("/version") {
                let text =
                    format!(r#"{{"Version":"{version}","ApiVersion":"{api}","Os":"linux","Arch":"amd64"}}"#);
                Answer::With("200 OK", text)
            } else {
                Answer::With("404 Not Found", r#"{"message":"page not found"}"#.into())
            }
        })
    }

    /// The real engine, which has no images and never ends a pull.
    pub fn that_pulls_forever() -> Self {
        Self::new(|request| match request {
            _ if request.contains("/images/create") => Answer::Silence,
            _ if request.contains("/images/") => {
                Answer::With("404 Not Found", r#"{"message":"no such image"}"#.into())
            }
            _ => Answer::Engine,
        })
    }

    /// The socket's path.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("engine.sock")
    }
}

fn serve(mut stream: UnixStream, answer: impl Fn(&str) -> Answer) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => head.extend_from_slice(&buffer[..read]),
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    match answer(text.lines().next().unwrap_or_default()) {
        Answer::With(status, body) => {
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            );
        }
        Answer::Silence => {
            // Until the other side goes.
            while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
        }
        Answer::Engine => {
            // One request a connection, so that the next one is looked at, too; upgrades go on.
            let head = if text.contains("Upgrade") {
                text
            } else {
                text.replacen("\r\n", "\r\nConnection: close\r\n", 1)
            };
            let mut engine = UnixStream::connect(engine_socket()).expect("the engine");
            engine.write_all(head.as_bytes()).expect("the engine listens");
            let (mut from, mut to) =
                (stream.try_clone().expect("a clone"), engine.try_clone().expect("a clone"));
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Write);
            });
            let _ = std::io::copy(&mut engine, &mut stream);
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// The socket of the engine that the tests use.
fn engine_socket() -> PathBuf {
    let named = std::env::var("DOCKER_HOST").unwrap_or_default();
    named.strip_prefix("unix://").map_or_else(|| PathBuf::from("/var/run/docker.sock"), PathBuf::from)
}

/// The group that may use it.
pub(crate) fn engine_group() -> u32 {
    let socket = engine_socket();
    let group = |path: &Path| path.metadata().map(|socket| socket.gid());
    group(&socket)
        .unwrap_or_else(|error| panic!("this test needs an engine at {}: {error}", socket.display()))
}
