//! A small container in a session's network that connects to the others where we cannot.
//!
//! A command in it for each probe would cost the engine 75 ms, so each service has one shell there
//! that goes on and takes requests as lines: address, port, and the bytes to send in base64.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::sync::Mutex;

use super::dial::Connection;
use crate::docker::{Engine, EngineError};

/// What the container itself runs.
pub(crate) const IDLE: [&str; 3] = ["sh", "-c", "while :; do sleep 3600; done"];

/// Answers each line with one: `no`, or `ok` and what came back in base64. What follows `-e` has the
/// connection as its input and output: it stays open in both directions until the answer is there,
/// since a server may give up a request whose sender has closed its side.
const SCRIPT: &str = r#"while read -r address port request; do
  if [ -z "$request" ]; then
    if timeout 4 busybox nc "$address" "$port" -e true 2>/dev/null; then echo ok; else echo no; fi
  else
    answer=$(timeout 4 busybox nc "$address" "$port" -e sh -c 'echo "$1" | base64 -d; cat >&3' sh "$request" \
      3>&1 2>/dev/null | head -c 65536 | base64 -w 0)
    if [ -n "$answer" ]; then echo "ok $answer"; else echo no; fi
  fi
done"#;
/// The longest request and answer that go through.
const LONGEST: usize = 64 * 1024;

/// A prober that runs.
pub(crate) struct Prober {
    engine: Engine,
    container: String,
    /// Shells that nobody uses.
    idle: Arc<Mutex<Vec<Shell>>>,
}

struct Shell {
    requests: std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>,
    answers: std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<Vec<u8>, EngineError>> + Send>>,
}

impl Prober {
    /// The prober in a container that runs [`IDLE`].
    pub(crate) fn new(engine: &Engine, container: String) -> Self {
        Self { engine: engine.clone(), container, idle: Arc::default() }
    }

    /// Whether the port accepts a connection.
    pub(crate) async fn accepts(&self, address: IpAddr, port: u16) -> Result<(), String> {
        let mut shell = self.shell().await.map_err(|error| error.to_string())?;
        let answer = shell.ask(&format!("{address} {port} \n")).await?;
        // One that was left in the middle of an answer is not used again: it goes with this future.
        self.idle.lock().await.push(shell);
        answer.map(drop).ok_or_else(|| format!("nothing listens on port {port}"))
    }

    /// A connection for one request without a body.
    pub(crate) async fn connect(&self, address: IpAddr, port: u16) -> Result<Box<dyn Connection>, String> {
        // Asked first, so that a port that is closed is an error of connecting.
        self.accepts(address, port).await?;
        let shell = self.shell().await.map_err(|error| error.to_string())?;
        let (ours, mut theirs) = duplex(LONGEST);
        let idle = self.idle.clone();
        tokio::spawn(async move {
            let mut shell = shell;
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") && request.len() < LONGEST {
                match theirs.read_u8().await {
                    Ok(byte) => request.push(byte),
                    Err(_) => return,
                }
            }
            let line = format!("{address} {port} {}\n", STANDARD.encode(&request));
            if let Ok(answer) = shell.ask(&line).await {
                idle.lock().await.push(shell);
                let _ = theirs.write_all(&answer.unwrap_or_default()).await; // whoever asked may be gone
            }
        });
        Ok(Box::new(ours))
    }

    async fn shell(&self) -> Result<Shell, EngineError> {
        if let Some(shell) = self.idle.lock().await.pop() {
            return Ok(shell);
        }
        let failed = |error| self.engine.error("probe from a container", error);
        let docker = self.engine.docker();
        let command = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            cmd: Some(vec!["sh", "-c", SCRIPT]),
            ..CreateExecOptions::default()
        };
        let exec = docker.create_exec(&self.container, command).await.map_err(failed)?.id;
        match docker.start_exec(&exec, None::<StartExecOptions>).await.map_err(failed)? {
            StartExecResults::Attached { output, input } => {
                let engine = self.engine.clone();
                let answers = output.map(move |part| {
                    part.map(|part| part.into_bytes().to_vec())
                        .map_err(|error| engine.error("probe from a container", error))
                });
                Ok(Shell { requests: input, answers: Box::pin(answers) })
            }
            StartExecResults::Detached => Err(crate::docker::EngineError::Refused {
                action: "probe from a container".into(),
                status: 0,
                message: "it did not attach to the command".into(),
            }),
        }
    }
}

impl Shell {
    /// The answer to a line; none if it is `no`.
    ///
    /// # Errors
    /// If the shell is of no use any more.
    async fn ask(&mut self, line: &str) -> Result<Option<Vec<u8>>, String> {
        const GONE: &str = "the prober is gone";
        let sent = async {
            self.requests.write_all(line.as_bytes()).await?;
            self.requests.flush().await
        };
        sent.await.map_err(|error| format!("{GONE}: {error}"))?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\n") {
            let part = self.answers.next().await.ok_or(GONE)?;
            answer.extend(part.map_err(|error| format!("{GONE}: {error}"))?);
        }
        let answer = String::from_utf8_lossy(&answer);
        let mut words = answer.split_whitespace();
        match words.next() {
            Some("ok") => {
                let decoded = STANDARD.decode(words.next().unwrap_or_default());
                decoded.map(Some).map_err(|error| format!("the prober's answer is none: {error}"))
            }
            _ => Ok(None),
        }
    }
}
