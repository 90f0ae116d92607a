//! The watchdog: this program once more, in a session of its own, at the end of a pipe. When the
//! pipe closes and nobody said that all is well, it removes what the run made in the engine.
//!
//! It survives Ctrl-C and the closing of the terminal, since it is in another session; a SIGKILL of
//! the run is what it is there for.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use crate::docker::{Endpoint, Engine, of_session};
use crate::service::StackOrder;

/// What it prints once nothing that happens to the run can happen to it.
const READY: u8 = b'r';
/// What it reads when there is nothing to do.
const DISMISSED: u8 = b'd';
/// How long after the end the engine may still be making what it was asked for.
const IN_FLIGHT: Duration = Duration::from_millis(1500);
const BETWEEN_LISTS: Duration = Duration::from_millis(100);
/// How long it tries on an engine that does not answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What it has to know.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    /// The engine.
    engine: Endpoint,
    /// The session whose things it removes.
    session: String,
    /// A stack that the session brings up, and that is not settled.
    stack: Option<StackOrder>,
}

/// A watchdog that runs.
#[derive(Debug)]
pub(crate) struct Watchdog {
    child: Child,
    stdin: ChildStdin,
}

impl Watchdog {
    /// Starts `command`, which must call [`run`], for a session on an engine; gives it back when it
    /// is safe from whatever ends us.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) async fn start(
        command: &[OsString],
        engine: Endpoint,
        session: &str,
        stack: Option<StackOrder>,
    ) -> io::Result<Self> {
        let (program, args) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut child = Command::new(program)
            .args(args)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let broken = || io::Error::other("it has no pipes");
        let mut stdin = child.stdin.take().ok_or_else(broken)?;
        let mut stdout = child.stdout.take().ok_or_else(broken)?;
        let mut order = serde_json::to_vec(&Order { engine, session: session.to_owned(), stack })?;
        order.push(b'\n');
        stdin.write_all(&order).await?;
        stdin.flush().await?;
        match stdout.read_u8().await {
            Ok(READY) => Ok(Self { child, stdin }),
            _ => Err(io::Error::other("it ended at once")),
        }
    }

    /// All is well: it ends.
    pub(crate) async fn dismiss(mut self) {
        // If it is gone already there is nothing to say.
        let _ = self.stdin.write_all(&[DISMISSED]).await;
        let _ = self.stdin.flush().await;
        drop(self.stdin);
        let _ = self.child.wait().await;
    }
}

/// The watchdog's whole life; gives its exit code. Standard input and output are the pipes of the
/// run it watches.
pub fn run() -> i32 {
    leave_session();
    let mut input = io::stdin().lock();
    let Some(order) = read_order(&mut input) else { return 2 };
    let mut output = io::stdout();
    if output.write_all(&[READY]).and_then(|()| output.flush()).is_err() {
        return 0; // the run is over before it began
    }
    // Blocks until the run says a word or is gone.
    let mut word = [0];
    if matches!(input.read(&mut word), Ok(1)) && word[0] == DISMISSED {
        return 0;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return 3 };
    runtime.block_on(clean_up(&order));
    0
}

/// Out of the run's session, so that no signal for it comes here.
#[cfg(unix)]
fn leave_session() {
    // Fails only for the leader of a process group, which no child of ours is.
    let _ = rustix::process::setsid();
}

#[cfg(not(unix))]
fn leave_session() {}

fn read_order(input: &mut impl Read) -> Option<Order> {
    let mut line = Vec::new();
    let mut byte = [0];
    while byte[0] != b'\n' {
        if input.read(&mut byte).ok()? == 0 {
            return None;
        }
        line.push(byte[0]);
    }
    serde_json::from_slice(&line).ok()
}

async fn clean_up(order: &Order) {
    let begun = Instant::now();
    let mut quiet_since = Instant::now();
    while begun.elapsed() < PATIENCE {
        match sweep(order).await {
            Some(0) if quiet_since.elapsed() >= IN_FLIGHT => return,
            Some(0) => {}
            Some(_) | None => quiet_since = Instant::now(),
        }
        tokio::time::sleep(BETWEEN_LISTS).await;
    }
}

/// How much it removed; none if the engine could not be asked.
async fn sweep(order: &Order) -> Option<usize> {
    let engine = Engine::connect(order.engine.clone()).await.ok()?;
    let mut removed = engine.sweep(&of_session(&order.session)).await.ok()?;
    if let Some(stack) = &order.stack {
        let made = engine.sweep(&StackOrder::made(&order.session)).await.ok()?;
        if made > 0 {
            stack.bring_back(&engine).await.ok()?;
        }
        removed += made;
    }
    Some(removed)
}
