//! The errors that decide the exit code.

use std::fmt;

use tokio_util::sync::CancellationToken;

/// The machine is not ready and what to do about it: exit code 3.
#[derive(Debug)]
pub(crate) struct NotReady(pub String);

/// The command was called in a way in which it cannot work: exit code 2.
#[derive(Debug)]
pub(crate) struct Usage(pub String);

/// The user asked to stop: exit code 130 (143 after SIGTERM, which the frame around the task knows).
#[derive(Debug)]
pub(crate) struct Interrupted;

/// An error if the user asked to stop.
pub(crate) fn go_on(stop: &CancellationToken) -> Result<(), Interrupted> {
    if stop.is_cancelled() { Err(Interrupted) } else { Ok(()) }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for NotReady {}
impl std::error::Error for Usage {}
impl std::error::Error for Interrupted {}
