//! The errors that decide the exit code. `main` finds them with `anyhow::Error::downcast_ref`,
//! which looks through added context.

use std::fmt;

/// The machine is not ready and what to do about it: exit code 3.
#[derive(Debug)]
pub(crate) struct NotReady(pub String);

/// The command was called in a way in which it cannot work: exit code 2.
#[derive(Debug)]
pub(crate) struct Usage(pub String);

/// Ctrl-C was pressed: exit code 130.
#[derive(Debug)]
pub(crate) struct Interrupted;

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
