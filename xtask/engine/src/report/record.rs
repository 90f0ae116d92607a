//! The events of a run as a file: one JSON object a line, with the seconds since the run began.

use std::fs::{File, TryLockError};
use std::io::{self, LineWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::event::{Event, Reporter};

/// Writes events to a file.
pub struct Record {
    file: LineWriter<File>,
}

impl Record {
    /// A record in a new file at `path`, held until it is dropped.
    ///
    /// # Errors
    /// If it cannot be created; `ResourceBusy` while another run writes it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => file.set_len(0)?,
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
            // Some network file systems have no locks.
            Err(TryLockError::Error(_)) => file.set_len(0)?,
        }
        Ok(Self { file: LineWriter::with_capacity(16 * 1024, file) })
    }
}

#[derive(Serialize)]
struct Line<'a> {
    /// Seconds since the run began.
    at: f64,
    #[serde(flatten)]
    event: &'a Event,
}

impl Reporter for Record {
    fn event(&mut self, at: Duration, event: &Event) {
        // A full disk must not end the run: the terminal still tells it.
        if let Ok(mut line) = serde_json::to_vec(&Line { at: at.as_secs_f64(), event }) {
            line.push(b'\n');
            let _ = self.file.write_all(&line);
        }
    }
}
