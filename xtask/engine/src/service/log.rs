//! What a container prints: followed, kept complete in a file without secrets, its last lines at
//! hand.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::docker::Output;
use crate::event::{Events, blocking};
use crate::lines::Lines;
use crate::log_file::LogFile;

/// Last lines that are kept, and the most of one.
const LINES: usize = 40;
const LINE: usize = 2000;
/// Pieces of output that are taken at once, if they are there.
const AT_ONCE: usize = 64;

/// What a container has printed so far.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    tail: Mutex<VecDeque<String>>,
    /// A line for which somebody waits has come.
    found: CancellationToken,
    /// All has come.
    ended: CancellationToken,
}

/// Where a log goes, and what is looked for in it.
pub(crate) struct LogOf {
    /// The file of the complete log.
    pub(crate) path: PathBuf,
    /// Text of a line for which somebody waits.
    pub(crate) needle: Option<String>,
    /// Tells whole lines as they come.
    pub(crate) tell: Box<dyn Fn(String) + Send>,
}

impl Log {
    /// Follows the output of a container until it ends.
    pub(crate) fn follow(output: Output, events: &Events, of: LogOf) -> Arc<Self> {
        let log = Arc::new(Self { path: of.path.clone(), ..Self::none() });
        let (events, this) = (events.clone(), log.clone());
        tokio::spawn(async move {
            let mut writer = Writer::new(events, of, this.clone());
            // A program that prints much is told in blocks.
            let mut blocks = output.ready_chunks(AT_ONCE);
            // Why it breaks off is not told here: the container's end is, and says more.
            while let Some(block) = blocks.next().await {
                let whole = block.iter().all(Result::is_ok);
                writer.take(&block.into_iter().map_while(Result::ok).collect::<Vec<_>>().concat());
                if !whole {
                    break;
                }
            }
            writer.end();
            this.ended.cancel();
        });
        log
    }

    /// That of which nothing is known.
    pub(crate) fn none() -> Self {
        Self {
            path: PathBuf::new(),
            tail: Mutex::default(),
            found: CancellationToken::new(),
            ended: CancellationToken::new(),
        }
    }

    /// Where the complete log is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its last lines.
    pub(crate) fn tail(&self) -> Vec<String> {
        self.lines().iter().cloned().collect()
    }

    /// Waits until the line has come.
    pub(crate) async fn found(&self) {
        self.found.cancelled().await;
    }

    /// Waits until all has come, which is when the container has ended.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Writer {
    file: Option<LogFile>,
    lines: Lines,
    events: Events,
    of: LogOf,
    log: Arc<Log>,
}

impl Writer {
    fn new(events: Events, of: LogOf, log: Arc<Log>) -> Self {
        let file = LogFile::create(&of.path);
        let mut writer = Self { file: None, lines: Lines::default(), events, of, log };
        match file {
            Ok(file) => writer.file = Some(file),
            Err(error) => writer.lose(&error),
        }
        writer
    }

    /// A full disk must not end the run: the last lines are at hand, and what is lost is told once.
    fn lose(&mut self, error: &std::io::Error) {
        self.file = None;
        self.events.notice(format!("a log is not complete: {}", crate::Error::write(&self.of.path, error)));
    }

    fn take(&mut self, part: &[u8]) {
        if let Some(text) = self.lines.take(part, &self.events) {
            self.tell(text);
        }
    }

    fn end(&mut self) {
        if let Some(text) = self.lines.end(&self.events) {
            self.tell(text);
        }
        if let Some(mut file) = self.file.take()
            && let Err(error) = blocking(|| file.finish())
        {
            self.lose(&error);
        }
    }

    fn tell(&mut self, text: String) {
        if let Some(file) = &mut self.file
            && let Err(error) = blocking(|| file.write(text.as_bytes()))
        {
            self.lose(&error);
        }
        if let Some(needle) = &self.of.needle
            && text.lines().any(|line| line.contains(needle.as_str()))
        {
            self.log.found.cancel();
        }
        let mut tail = self.log.lines();
        let last: Vec<&str> = text.lines().rev().take(LINES).collect();
        let surplus = (tail.len() + last.len()).saturating_sub(LINES);
        tail.drain(..surplus);
        tail.extend(last.into_iter().rev().map(|line| line.chars().take(LINE).collect()));
        drop(tail);
        (self.of.tell)(text);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn lines_come_whole_and_without_secrets_however_they_were_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("services/crux.log");
        let (sender, told) = mpsc::channel();
        let events = Events::new(Vec::new());
        events.redact("hunter2");
        let log = Arc::new(Log {
            path: path.clone(),
            tail: Mutex::default(),
            found: CancellationToken::new(),
            ended: CancellationToken::new(),
        });
        let of = LogOf {
            path: path.clone(),
            needle: Some("listening".into()),
            tell: Box::new(move |text| sender.send(text).unwrap()),
        };
        let mut writer = Writer::new(events, of, log.clone());
        writer.take(b"password hunt");
        assert!(told.try_recv().is_err());
        writer.take(b"er2\nlist");
        assert_eq!(told.try_recv().unwrap(), "password ***\n");
        assert!(!log.found.is_cancelled());
        writer.take(b"ening\nlast");
        assert!(log.found.is_cancelled());
        writer.end();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "password ***\nlistening\nlast");
        assert_eq!(log.tail(), ["password ***", "listening", "last"]);
    }
}
