//! Logs of steps, kept by the digest of the step: BuildKit does not say again what a step said whose
//! result comes from its cache.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::record::DIGEST;
use crate::event::MadeBefore;

/// Bytes of all logs together.
const BYTES: u64 = 64 << 20;
/// Of one of them: BuildKit clips what a step says at 2 MiB.
const LARGEST: u64 = 8 << 20;
/// How long a log is kept that is not made anew.
const AGE: Duration = Duration::from_secs(60 * 24 * 3600);

/// A folder with logs: `<digest>.log`, and when each was made in `<digest>.json`.
#[derive(Debug, Clone)]
pub struct KeptLogs {
    folder: PathBuf,
}

impl KeptLogs {
    /// Those in `folder`, which need not be there.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Keeps the log of a step that ran; in place of an older one. `log` need not be there: a step that
    /// said nothing has none.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn keep(&self, id: &str, made: MadeBefore, log: &Path) -> io::Result<()> {
        let Some(name) = id.strip_prefix(DIGEST) else { return Ok(()) };
        if fs::metadata(log).is_ok_and(|log| log.len() > LARGEST) {
            return Ok(()); // it would take the place of many
        }
        fs::create_dir_all(&self.folder)?;
        let kept = self.folder.join(format!("{name}.log"));
        remove(&kept)?;
        // The same file under one more name; where the folder is on another disk, a copy.
        match fs::hard_link(log, &kept) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::write(&kept, "")?,
            Err(_) => drop(fs::copy(log, &kept)?),
            Ok(()) => {}
        }
        fs::write(self.folder.join(format!("{name}.json")), serde_json::to_vec(&made)?)
    }

    /// When a step ran last before `by`, in seconds since 1970, and its log from then. None also if it
    /// ran again since: the log is of that time.
    pub fn find(&self, id: &str, by: f64) -> Option<(MadeBefore, PathBuf)> {
        let name = id.strip_prefix(DIGEST)?;
        let made = fs::read(self.folder.join(format!("{name}.json"))).ok()?;
        let log = self.folder.join(format!("{name}.log"));
        let made: MadeBefore = serde_json::from_slice(&made).ok()?;
        (made.ended <= by && log.is_file()).then_some((made, log))
    }

    /// Removes logs that are too old, and the oldest of what is too much.
    pub(super) fn prune(&self) {
        self.prune_to(BYTES, AGE);
    }

    fn prune_to(&self, bytes: u64, age: Duration) {
        let now = SystemTime::now();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut logs: Vec<(Duration, u64, PathBuf)> = entries
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "log"))
            .filter_map(|entry| {
                let meta = entry.metadata().ok()?;
                let age = now.duration_since(meta.modified().ok()?).unwrap_or_default();
                Some((age, meta.len(), entry.path()))
            })
            .collect();
        logs.sort();
        let mut sum = 0;
        for (old, length, log) in logs {
            sum += length;
            if sum > bytes || old > age {
                let _ = fs::remove_file(log.with_extension("json"));
                let _ = fs::remove_file(log);
            }
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: MadeBefore = MadeBefore { ended: 1e9, seconds: 5.1 };

    #[test]
    fn a_log_is_found_by_the_digest_of_its_step_until_it_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (kept, log) = (KeptLogs::at(dir.path().join("steps")), dir.path().join("log"));
        assert_eq!(kept.find("sha256:1", 1e9), None);
        for text in ["old", "new"] {
            fs::write(&log, text).unwrap();
            kept.keep("sha256:1", MADE, &log).unwrap();
            fs::remove_file(&log).unwrap();
            let (made, found) = kept.find("sha256:1", 1e9).unwrap();
            assert_eq!((made, fs::read_to_string(found).unwrap().as_str()), (MADE, text));
        }
        kept.keep("sha256:1", MADE, &log).unwrap();
        assert_eq!(fs::read_to_string(kept.find("sha256:1", 1e9).unwrap().1).unwrap(), "");
        assert_eq!(kept.find("sha256:1", 1e9 - 1.0), None, "it is of a later time");
        kept.keep("run:e2e", MADE, &log).unwrap();
        assert_eq!(kept.find("run:e2e", 1e9), None, "what is never cached is not kept");
    }

    #[test]
    fn the_oldest_go_when_it_is_too_much_or_too_long_ago() {
        let dir = tempfile::tempdir().unwrap();
        let (kept, log) = (KeptLogs::at(dir.path().join("steps")), dir.path().join("log"));
        let ids = ["sha256:1", "sha256:2", "sha256:3"];
        for (id, minutes) in ids.into_iter().zip(1..) {
            let _ = fs::remove_file(&log);
            fs::write(&log, "0123456789").unwrap();
            kept.keep(id, MADE, &log).unwrap();
            let ago = SystemTime::now() - Duration::from_secs(minutes * 60);
            fs::File::options().write(true).open(&log).unwrap().set_modified(ago).unwrap();
        }
        let found = || ids.map(|id| kept.find(id, 1e9).is_some());
        kept.prune_to(30, Duration::from_secs(3600));
        assert_eq!(found(), [true, true, true]);
        kept.prune_to(25, Duration::from_secs(3600));
        assert_eq!(found(), [true, true, false]);
        kept.prune_to(25, Duration::from_secs(90));
        assert_eq!(found(), [true, false, false]);
    }
}
