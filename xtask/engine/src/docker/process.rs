//! A program's stdin and stdout as one byte stream: `docker system dial-stdio` and ssh.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

/// As much of a program's stderr as an error shows.
const WORDS: usize = 2000;

/// A running program whose stdin is written and whose stdout is read. Killed when dropped.
pub(crate) struct ProcessStream {
    program: String,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    /// What it wrote to stderr, once it has ended; taken when stdout ended before its first byte.
    last_words: Option<JoinHandle<String>>,
    /// Kept for its kill on drop.
    _child: Child,
}

impl ProcessStream {
    /// Starts `command`.
    ///
    /// # Errors
    /// If it can't be started; `NotFound` if there is no such program.
    pub(crate) fn spawn(mut command: Command) -> io::Result<Self> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // Ctrl-C in the terminal must not end the connection: what we have to clean up goes through it.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let pipe = |what: &str| io::Error::other(format!("`{program}` was started without {what}"));
        let stdin = child.stdin.take().ok_or_else(|| pipe("stdin"))?;
        let stdout = child.stdout.take().ok_or_else(|| pipe("stdout"))?;
        let mut stderr = child.stderr.take().ok_or_else(|| pipe("stderr"))?;
        let last_words = tokio::spawn(async move {
            let mut words = Vec::new();
            let mut buffer = [0; 1024];
            while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
                words.extend_from_slice(&buffer[..read]);
                if words.len() > 2 * WORDS {
                    words.drain(..words.len() - WORDS);
                }
            }
            String::from_utf8_lossy(&words).trim().to_owned()
        });
        Ok(Self { program, stdin: Some(stdin), stdout, last_words: Some(last_words), _child: child })
    }
}

impl ProcessStream {
    /// Why the program ended without an answer, once it has.
    fn failure(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let words = match &mut self.last_words {
            Some(words) => ready!(Pin::new(words).poll(cx)).unwrap_or_default(),
            None => String::new(),
        };
        self.last_words = None;
        let program = &self.program;
        Poll::Ready(io::Error::other(if words.is_empty() {
            format!("`{program}` ended without an answer")
        } else {
            format!("`{program}` says: {}", words.replace('\n', " "))
        }))
    }
}

impl AsyncRead for ProcessStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stdout).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            // It is connected: what it says later is no reason for a connection that fails.
            self.last_words = None;
        } else if self.last_words.is_some() {
            return self.failure(cx).map(Err);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ProcessStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Some(stdin) = &mut self.stdin else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        match ready!(Pin::new(stdin).poll_write(cx, buf)) {
            // It ended before it was asked anything, and knows why.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && self.last_words.is_some() => {
                self.failure(cx).map(Err)
            }
            result => Poll::Ready(result),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stdin {
            Some(stdin) => Pin::new(stdin).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(stdin) = &mut self.stdin {
            ready!(Pin::new(stdin).poll_shutdown(cx))?;
            // Only a closed pipe tells the program that no more comes.
            self.stdin = None;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn sh(script: &str) -> ProcessStream {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        ProcessStream::spawn(command).expect("sh starts")
    }

    #[tokio::test]
    async fn what_is_written_can_be_read_and_shutdown_is_seen_as_the_end() {
        let mut stream = sh("cat; echo end");
        stream.write_all(b"hello\n").await.expect("cat reads");
        stream.shutdown().await.expect("stdin closes");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("cat writes");
        assert_eq!(text, "hello\nend\n");
    }

    #[tokio::test]
    async fn a_program_that_fails_at_once_is_an_error_with_its_words() {
        let error = sh("echo 'no route to host' >&2; exit 255").read_u8().await.expect_err("it says why");
        assert_eq!(error.to_string(), "`sh` says: no route to host");
        let error = sh("exit 1").read_u8().await.expect_err("it ended");
        assert_eq!(error.to_string(), "`sh` ended without an answer");
    }

    #[tokio::test]
    async fn words_on_stderr_do_not_spoil_a_connection_that_works() {
        let mut stream = sh("echo 'welcome to the machine' >&2; echo answer");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("it answers");
        assert_eq!(text, "answer\n");
    }

    #[tokio::test]
    async fn dropping_the_stream_ends_the_program() {
        let mut stream = sh("echo $$; exec sleep 1000");
        let mut pid = String::new();
        loop {
            match stream.read_u8().await.expect("it writes its id") {
                b'\n' => break,
                byte => pid.push(char::from(byte)),
            }
        }
        let process = std::path::PathBuf::from(format!("/proc/{pid}/stat"));
        assert!(process.exists() || !std::path::Path::new("/proc/self").exists());
        drop(stream);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
        let runs = || std::fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z "));
        while runs() {
            assert!(std::time::Instant::now() < deadline, "process {pid} still runs");
            tokio::task::yield_now().await;
        }
    }
}
