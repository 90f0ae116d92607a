//! The folders of runs' records: a new one for each run, or the one that `--record` names. What is
//! not a record of ours is never touched.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use xtask_engine::Error;
use xtask_engine::event::{Event, Reporter};
use xtask_engine::report::{EVENTS, KeptLogs, SUMMARY};

/// Records of runs that are kept.
const KEPT: usize = 30;
/// Bytes of all of them together.
pub const KEPT_BYTES: u64 = 2 << 30;
/// The longest first event that is looked at: it holds a command line.
const LONGEST_LINE: u64 = 4 << 20;

/// The folder of this run's record, there and writable as far as one can tell.
///
/// # Errors
/// [`Error::Usage`] for a folder with something of the user's in it: a record replaces what is
/// there. [`Error::Write`] if it cannot be made.
pub fn folder(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let folder = match named {
        Some(named) => named.to_path_buf(),
        None => {
            let runs = dir();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            runs.join(format!("{:013}-{}", now.as_millis(), std::process::id()))
        }
    };
    let cannot_write = |error| Error::write(&folder, &error);
    if named.is_some() && holds_something_else(&folder).map_err(cannot_write)? {
        let text = format!(
            "{} is not empty and no earlier record, and a record replaces what is there; name a new or an \
             empty folder with --record",
            folder.display()
        );
        return Err(Error::Usage(text).into());
    }
    fs::create_dir_all(&folder)
        .map_err(cannot_write)
        .context("cannot keep a record of the run (--record)")?;
    Ok(folder)
}

/// The folder of all runs' records that nobody named.
pub fn dir() -> PathBuf {
    crate::context::target_dir().join("xtask/runs")
}

/// Logs of steps, for those that come from the cache.
pub fn kept_logs() -> KeptLogs {
    KeptLogs::at(crate::context::target_dir().join("xtask/steps"))
}

/// Records of runs, the newest first.
pub fn all() -> Vec<PathBuf> {
    all_in(&dir())
}

/// Names of runs begin with their time.
fn all_in(folder: &Path) -> Vec<PathBuf> {
    let mut runs: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    runs.sort_unstable();
    runs.reverse();
    runs
}

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// The folder of a run's record: `last`, the beginning or end of its id, or the folder itself. None is
/// the last one with a pipeline.
///
/// # Errors
/// [`Error::Usage`] if there is none, or more than one.
pub fn find(run: Option<&str>) -> anyhow::Result<PathBuf> {
    find_among(&all(), run)
}

fn find_among(all: &[PathBuf], run: Option<&str>) -> anyhow::Result<PathBuf> {
    let wanted = run.filter(|run| *run != "last");
    let has_run = |folder: &&PathBuf| {
        folder.join(SUMMARY).is_file() || folder.read_dir().is_ok_and(|all| all.count() > 1)
    };
    let Some(wanted) = wanted else {
        let none = || Error::Usage("no run is on record yet; `cargo xtask test` makes one".into()).into();
        return all.iter().find(has_run).cloned().ok_or_else(none);
    };
    if Path::new(wanted).join(EVENTS).is_file() {
        return Ok(wanted.into());
    }
    let id = |folder: &PathBuf| folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let matches = |folder: &&PathBuf| id(folder).starts_with(wanted) || id(folder).ends_with(wanted);
    let mut found: Vec<&PathBuf> = all.iter().filter(matches).collect();
    if found.len() > 1 {
        found.retain(|run| !goes_on(run)); // such as the run that asks
    }
    match found[..] {
        [folder] => Ok(folder.clone()),
        [] => {
            let latest: Vec<String> = all.iter().filter(has_run).take(3).map(id).collect();
            let latest = if latest.is_empty() { "none".into() } else { latest.join(", ") };
            let text = format!(
                "there is no record of a run {wanted}; the latest are {latest} (`cargo xtask runs` lists all)"
            );
            Err(Error::Usage(text).into())
        }
        _ => {
            let text =
                format!("{} runs on record begin or end with {wanted}: give more of the id", found.len());
            Err(Error::Usage(text).into())
        }
    }
}

/// Whether `folder` has files in it and no events of an earlier run.
fn holds_something_else(folder: &Path) -> io::Result<bool> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // Whether it can be made is seen when it is.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    Ok(entries.next().is_some() && !is_record(folder))
}

/// Whether a run wrote its events there, or does so now.
fn is_record(folder: &Path) -> bool {
    let path = folder.join(EVENTS);
    if is_written(&path) {
        return true;
    }
    let mut line = String::new();
    let read = File::open(path).and_then(|file| BufReader::new(file.take(LONGEST_LINE)).read_line(&mut line));
    let event = || serde_json::from_str::<serde_json::Value>(&line).ok();
    // An empty one is left by a full disk, or by a run that was killed in its first moment.
    read.is_ok() && (line.is_empty() || event().is_some_and(|event| event["event"] == "run_started"))
}

/// Whether a run whose record is in `folder` goes on.
pub fn goes_on(folder: &Path) -> bool {
    is_written(&folder.join(EVENTS))
}

/// Whether a run that goes on holds the lock on its events.
fn is_written(events: &Path) -> bool {
    File::open(events).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Removes all records but the last `kept`, and those of runs that go on.
fn prune(runs: &Path, kept: usize) {
    for run in all_in(runs).iter().skip(kept).filter(|run| is_record(run) && !goes_on(run)) {
        let _ = fs::remove_dir_all(run);
    }
}

/// Removes all records but the last [`KEPT`].
pub fn prune_old() {
    prune(&dir(), KEPT);
}

/// Removes a record.
pub fn remove(folder: &Path) {
    if is_record(folder) && !goes_on(folder) {
        let _ = fs::remove_dir_all(folder);
    }
}

/// Removes the oldest records while all of them together have more than `bytes`; never that of
/// `but`, or of a run that goes on.
pub fn prune_to(runs: &[PathBuf], bytes: u64, but: &Path) {
    let mut sum = 0;
    for run in runs.iter().filter(|run| is_record(run)) {
        sum += size(run);
        if sum > bytes && run != but && !goes_on(run) {
            let _ = fs::remove_dir_all(run);
        }
    }
}

/// Bytes of all files in a folder.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Removes the record of a run that ran no pipeline, if there is nothing in it but events: those of
/// tests are not to go because of it.
pub fn forget(folder: &Path) {
    let only_events = |entries: fs::ReadDir| {
        entries
            .map(|entry| entry.map(|entry| entry.file_name()))
            .all(|name| name.is_ok_and(|name| name == EVENTS))
    };
    if fs::read_dir(folder).is_ok_and(only_events) {
        let _ = fs::remove_file(folder.join(EVENTS));
        let _ = fs::remove_dir(folder);
    }
}

/// Notices whether a pipeline began.
#[derive(Debug, Clone, Default)]
pub struct PipelineSeen(Arc<AtomicBool>);

impl PipelineSeen {
    /// Whether one began until now.
    pub fn any(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Reporter for PipelineSeen {
    fn event(&mut self, _at: Duration, event: &Event) {
        if matches!(event, Event::PipelineStarted { .. }) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use xtask_engine::event::Events;
    use xtask_engine::report::{KeptLogs, Record};

    const STARTED: &str = "{\"at\":0.0,\"event\":\"run_started\",\"command\":\"test-ui\"}\n";

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_folder_of_the_users_is_refused_and_an_earlier_record_taken() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        assert!(folder(Some(&at.join("new/one"))).is_ok());
        fs::create_dir(at.join("empty")).unwrap();
        assert!(folder(Some(&at.join("empty"))).is_ok());
        write(&at.join("earlier/test-ui/output.log"), "");
        write(&at.join("earlier").join(EVENTS), STARTED);
        assert!(folder(Some(&at.join("earlier"))).is_ok());

        write(&at.join("mine/test-ui/file"), "");
        write(&at.join("events/test-ui/file"), "");
        write(&at.join("events").join(EVENTS), "{\"event\":\"click\"}\n");
        for mine in ["mine", "events"] {
            let error = folder(Some(&at.join(mine))).unwrap_err();
            assert_eq!(crate::exit::code(&error), 2);
            assert!(error.to_string().contains("name a new or an empty folder with --record"), "{error}");
        }
    }

    #[test]
    fn the_record_of_a_run_that_goes_on_is_one_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (going_on, ended) = (dir.path().join("0"), dir.path().join("1"));
        write(&going_on.join("test-ui/output.log"), "");
        write(&ended.join(EVENTS), STARTED);
        write(&dir.path().join("2").join(EVENTS), STARTED);
        let record = Record::create(&going_on, KeptLogs::at(dir.path().join("kept"))).unwrap();
        prune(dir.path(), 1);
        assert!(going_on.join("test-ui").is_dir() && !ended.exists() && dir.path().join("2").is_dir());
        assert!(!holds_something_else(&going_on).unwrap());
        drop(record);
        // A child that another test is just starting has it open, and locked, too, until it executes
        // its program.
        let begun = Instant::now();
        while going_on.exists() {
            assert!(begun.elapsed() < Duration::from_secs(120), "it stays");
            prune(dir.path(), 1);
        }
    }

    #[test]
    fn a_run_is_found_by_what_people_type_of_its_id() {
        let dir = tempfile::tempdir().unwrap();
        let all = ["1700000000003-7", "1700000000002-5", "1600000000001-5"].map(|id| dir.path().join(id));
        all.iter().for_each(|run| write(&run.join(EVENTS), STARTED));
        write(&all[1].join(SUMMARY), "{}");
        let found = |run: &str| find_among(&all, Some(run));
        assert_eq!(find_among(&all, None).unwrap(), all[1], "the first ran no pipeline");
        assert_eq!(found("last").unwrap(), all[1]);
        assert_eq!(found("16").unwrap(), all[2]);
        assert_eq!(found("-7").unwrap(), all[0]);
        assert_eq!(found(all[2].to_str().unwrap()).unwrap(), all[2]);
        let wrong = ["17", "5x"].map(|run| found(run).unwrap_err());
        assert!(wrong.iter().all(|error| crate::exit::code(error) == 2));
        assert!(wrong[0].to_string().contains("2 runs on record"), "{}", wrong[0]);
        assert!(wrong[1].to_string().contains("the latest are 1700000000002-5"), "{}", wrong[1]);
        assert!(find_among(&[], None).unwrap_err().to_string().contains("no run is on record yet"));
    }

    #[test]
    fn the_oldest_records_go_when_they_are_too_large() {
        let dir = tempfile::tempdir().unwrap();
        let runs = ["3", "2", "1"].map(|name| dir.path().join(name));
        runs.iter().for_each(|run| write(&run.join("e2e/video"), "0123456789"));
        prune_to(&runs, 5, &runs[0]);
        assert!(runs.iter().all(|run| run.is_dir()), "none is a record");
        runs.iter().for_each(|run| write(&run.join(EVENTS), ""));
        prune_to(&runs, 20, &runs[0]);
        assert_eq!(runs.each_ref().map(|run| run.is_dir()), [true, true, false]);
        prune_to(&runs[..2], 5, &runs[0]);
        assert_eq!(runs.each_ref().map(|run| run.is_dir()), [true, false, false]);
    }

    #[test]
    fn only_a_record_of_nothing_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("nothing").join(EVENTS), STARTED);
        write(&dir.path().join("more").join(EVENTS), STARTED);
        write(&dir.path().join("more/file"), "");
        for name in ["nothing", "more"] {
            forget(&dir.path().join(name));
        }
        assert!(!dir.path().join("nothing").exists() && dir.path().join("more").join(EVENTS).exists());
    }

    #[test]
    fn a_pipeline_is_noticed() {
        let seen = PipelineSeen::default();
        let events = Events::new(vec![Box::new(seen.clone())]);
        events.notice("something");
        assert!(!seen.any());
        events.emit(Event::PipelineStarted { pipeline: "test-ui".into() });
        assert!(seen.any());
    }
}
