//! The watchdog: this program once more, in a session of its own, at the end of a pipe. When the
//! pipe closes and nobody said that all is well, it removes what the run made in the engine.
//!
//! It survives Ctrl-C and the closing of the terminal, since it is in another session; a SIGKILL of
//! the run is what it is there for.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use crate::docker::{Endpoint, Engine, of_session};
use crate::lease::InUse;
use crate::service::StackOrder;

/// What it prints once nothing that happens to the run can happen to it.
const READY: u8 = b'r';
/// What it reads when there is nothing to do.
const DISMISSED: &str = "dismissed";
/// What it reads before a container is stopped that is to run again if the run does not end well; its id
/// follows.
const STOPS: &str = "stops ";
/// How long after the end the engine may still be making what it was asked for.
const IN_FLIGHT: Duration = Duration::from_millis(1500);
const BETWEEN_LISTS: Duration = Duration::from_millis(100);
/// How long the lock of a run that was killed may be there still.
const LOCKED: Duration = Duration::from_secs(1);
const BETWEEN_LOCKS: Duration = Duration::from_millis(10);
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

    /// These containers are about to be stopped, and run again unless all is well.
    pub(crate) async fn stops(&mut self, containers: impl Iterator<Item = &str>) {
        let lines: String = containers.map(|id| format!("{STOPS}{id}\n")).collect();
        let _ = self.stdin.write_all(lines.as_bytes()).await; // if it is gone, the next `up` does it
        let _ = self.stdin.flush().await;
    }

    /// All is well: it ends.
    pub(crate) async fn dismiss(mut self) {
        // If it is gone already there is nothing to say.
        let _ = self.stdin.write_all(format!("{DISMISSED}\n").as_bytes()).await;
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
    let mut stopped = Vec::new();
    while let Some(line) = read_line(&mut input) {
        match line.strip_prefix(STOPS) {
            Some(id) => stopped.push(id.to_owned()),
            None if line == DISMISSED => return 0,
            None => {}
        }
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return 3 };
    runtime.block_on(clean_up(&order, &stopped));
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
    serde_json::from_str(&read_line(input)?).ok()
}

/// The next line; none at the end, or if it is not whole.
fn read_line(input: &mut impl Read) -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(1) if byte[0] == b'\n' => return String::from_utf8(line).ok(),
            Ok(1) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return None,
        }
    }
}

async fn clean_up(order: &Order, stopped: &[String]) {
    let lock = match &order.stack {
        Some(stack) => lock(stack).await,
        None => None,
    };
    // Whoever has it else brings the stack up or down.
    let mut brought_back = lock.is_none();
    let begun = Instant::now();
    let mut quiet_since = Instant::now();
    while begun.elapsed() < PATIENCE {
        match sweep(order).await {
            Some(_) if !brought_back => {
                brought_back = bring_back(order, stopped).await.is_some();
            }
            Some(0) if quiet_since.elapsed() >= IN_FLIGHT => return,
            Some(0) => {}
            Some(_) | None => quiet_since = Instant::now(),
        }
        tokio::time::sleep(BETWEEN_LISTS).await;
    }
}

/// The lock of a stack; none if somebody else has it, and not just the run, which is ending.
async fn lock(stack: &StackOrder) -> Option<Option<File>> {
    let begun = Instant::now();
    loop {
        match stack.lock() {
            Ok(lock) => return Some(lock),
            Err(InUse) if begun.elapsed() < LOCKED => tokio::time::sleep(BETWEEN_LOCKS).await,
            Err(InUse) => return None,
        }
    }
}

/// How much it removed; none if the engine could not be asked.
async fn sweep(order: &Order) -> Option<usize> {
    let engine = Engine::connect(order.engine.clone()).await.ok()?;
    let mut removed = engine.sweep(&of_session(&order.session)).await.ok()?;
    if order.stack.is_some() {
        removed += engine.sweep(&StackOrder::made(&order.session)).await.ok()?;
    }
    Some(removed)
}

/// Lets run again what the run stopped.
async fn bring_back(order: &Order, stopped: &[String]) -> Option<()> {
    let engine = Engine::connect(order.engine.clone()).await.ok()?;
    order.stack.as_ref()?.bring_back(&engine, stopped).await.ok()
}
