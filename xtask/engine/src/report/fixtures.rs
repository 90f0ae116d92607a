//! Real runs, recorded: what reporters are tested with. Long logs were shortened, and the folder
//! they ran in is `/repo`.

use std::io;
use std::sync::{Arc, Mutex};

use super::TimedEvent;

/// Unit tests that came from the cache.
pub(super) const TEST_CACHED: &str = include_str!("fixtures/test-cached.jsonl");
/// End-to-end tests that failed, and what was built for them.
pub(super) const E2E_FAILED: &str = include_str!("fixtures/e2e-failed.jsonl");
/// End-to-end tests that never began, for a service did not get ready.
pub(super) const SERVICE_FAILED: &str = include_str!("fixtures/service-failed.jsonl");

/// The events of a recorded run.
pub(super) fn events(run: &str) -> Vec<TimedEvent> {
    run.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

/// What a reporter wrote, and how much may be written before the reader is gone.
#[derive(Clone, Default)]
pub(super) struct Page {
    written: Arc<Mutex<Vec<u8>>>,
    limit: Option<usize>,
}

impl Page {
    /// One whose reader goes away after so many bytes.
    pub(super) fn closed_after(bytes: usize) -> Self {
        Self { limit: Some(bytes), ..Self::default() }
    }

    /// What is on it, without colours.
    pub(super) fn text(&self) -> String {
        let bytes = self.written.lock().unwrap().clone();
        anstream::adapter::strip_str(&String::from_utf8(bytes).unwrap()).to_string()
    }
}

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap();
        if self.limit.is_some_and(|limit| written.len() >= limit) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
