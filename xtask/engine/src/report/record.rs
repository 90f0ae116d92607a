//! The record of a run: its events, one JSON object a line; the log of each step; and, at its end, a
//! summary.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, LineWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{KeptLogs, Run};
use crate::event::{Event, MadeBefore, Outcome, Reporter, StepKind};
use crate::log_file::LogFile;

/// The events of a run, in the folder of its record.
pub const EVENTS: &str = "events.jsonl";
/// Its summary, a [`Run`]; not there when the run was killed.
pub const SUMMARY: &str = "run.json";
/// The folder of the logs of its steps.
const STEPS: &str = "steps";
/// Bytes of a step's or a service's output among the events; its log has the rest.
const OUTPUT_IN_EVENTS: usize = 256 * 1024;
/// What stands among the events where that begins to be left out.
const THE_REST_IS_IN_THE_LOG: &str = "… the rest is in the log";
/// Characters of a step's digest in the name of its log.
const SHORT: usize = 16;

/// Where the log of a step is, in the folder of a run's record. A test's is elsewhere, too: its event
/// says where.
pub fn step_log(record: &Path, id: &str) -> PathBuf {
    let digest = id.strip_prefix(DIGEST).unwrap_or(id);
    record.join(STEPS).join(format!("{}.log", digest.get(..SHORT).unwrap_or(digest)))
}

/// What an id begins with that is a digest, and not of something that ran once.
pub(super) const DIGEST: &str = "sha256:";

/// Writes events to files.
pub struct Record {
    folder: PathBuf,
    file: LineWriter<File>,
    run: Run,
    logs: HashMap<String, LogFile>,
    /// Bytes of output by who said it.
    told: HashMap<String, usize>,
    kept: KeptLogs,
    /// Whether something was kept.
    keeps: bool,
}

impl Record {
    /// A record in `folder`, which is there; its events are held until it is dropped. Logs of steps go
    /// to `kept`, too.
    ///
    /// # Errors
    /// If it cannot be created; `ResourceBusy` while another run writes it.
    pub fn create(folder: &Path, kept: KeptLogs) -> io::Result<Self> {
        let path = folder.join(EVENTS);
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => file.set_len(0)?,
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
            // Some network file systems have no locks.
            Err(TryLockError::Error(_)) => file.set_len(0)?,
        }
        // Those of an earlier run in the same folder.
        let _ = fs::remove_dir_all(folder.join(STEPS));
        let _ = fs::remove_file(folder.join(SUMMARY));
        let file = LineWriter::with_capacity(16 * 1024, file);
        let (run, logs, told) = (Run::default(), HashMap::new(), HashMap::new());
        Ok(Self { folder: folder.to_owned(), file, run, logs, told, kept, keeps: false })
    }

    /// Writes one event, with as much of a long output as belongs there.
    fn tell(&mut self, at: f64, event: &Event) {
        let (Event::StepLog { id: speaker, text, .. } | Event::ServiceLog { service: speaker, text }) = event
        else {
            return write(&mut self.file, at, event);
        };
        let told = self.told.entry(speaker.clone()).or_default();
        let before = *told;
        *told += text.len();
        if *told <= OUTPUT_IN_EVENTS {
            write(&mut self.file, at, event);
        } else if before <= OUTPUT_IN_EVENTS {
            let mut event = event.clone();
            if let Event::StepLog { text, .. } | Event::ServiceLog { text, .. } = &mut event {
                *text = THE_REST_IS_IN_THE_LOG.into();
            }
            write(&mut self.file, at, &event);
        }
    }

    /// A full disk must not end the run: the terminal still tells it.
    fn keep(&mut self, at: f64, event: &Event) {
        match event {
            // What ran in a container of its own has its log elsewhere.
            Event::StepLog { id, text, .. } if id.starts_with(DIGEST) => {
                if !self.logs.contains_key(id) {
                    let Ok(log) = LogFile::create(&step_log(&self.folder, id)) else { return };
                    self.logs.insert(id.clone(), log);
                }
                if let Some(log) = self.logs.get_mut(id) {
                    let _ = log.write(text.as_bytes());
                    if !text.ends_with('\n') {
                        let _ = log.write(b"\n");
                    }
                }
            }
            Event::StepFinished { id, kind, outcome, seconds, .. } => {
                drop(self.logs.remove(id));
                if *outcome == Outcome::Ran && matches!(kind, StepKind::Exec | StepKind::Test) {
                    let made = MadeBefore { ended: self.run.unix + at, seconds: *seconds };
                    self.keeps |= self.kept.keep(id, made, &step_log(&self.folder, id)).is_ok();
                }
            }
            Event::RunFinished { .. } => {
                self.logs.clear();
                if self.keeps {
                    self.kept.prune();
                }
                if !self.run.pipelines.is_empty()
                    && let Ok(summary) = serde_json::to_vec(&self.run)
                {
                    let _ = fs::write(self.folder.join(SUMMARY), summary);
                }
            }
            _ => {}
        }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    at: f64,
    #[serde(flatten)]
    event: &'a Event,
}

/// An event with its time, as a line has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TimedEvent {
    /// Seconds since the run began.
    pub at: f64,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// An event as one line; none if it has no form in JSON.
pub(super) fn line(at: f64, event: &Event) -> Option<Vec<u8>> {
    let mut line = serde_json::to_vec(&Line { at, event }).ok()?;
    line.push(b'\n');
    Some(line)
}

/// Writes an event as one line; what cannot be written is lost.
fn write(out: &mut impl Write, at: f64, event: &Event) {
    if let Some(line) = line(at, event) {
        let _ = out.write_all(&line);
    }
}

impl Reporter for Record {
    fn event(&mut self, at: Duration, event: &Event) {
        let at = at.as_secs_f64();
        self.run.apply(at, event);
        self.tell(at, event);
        self.keep(at, event);
    }
}

impl Run {
    /// The run whose record is in `folder`: of its summary, or, when it was killed or goes on, of its
    /// events so far.
    ///
    /// # Errors
    /// If there are no events, or they cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        if let Ok(summary) = fs::read(folder.join(SUMMARY))
            && let Ok(run) = serde_json::from_slice(&summary)
        {
            return Ok(run);
        }
        let mut run = Self::default();
        for line in BufReader::new(File::open(folder.join(EVENTS))?).split(b'\n') {
            // Another version's events may have a form that this one does not know, and the last line
            // of a run that was killed may be none.
            if let Ok(TimedEvent { at, event }) = serde_json::from_slice(&line?) {
                run.apply(at, &event);
            }
        }
        Ok(run)
    }
}
