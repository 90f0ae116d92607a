//! Who looks after what a session makes in the engine when the session itself cannot.
//!
//! A lease is a locked file: as long as the lock is held, the session lives. When the file is there
//! and nobody holds it, the session ended without cleaning up (a power cut, or a SIGKILL of all of
//! its processes), and whoever comes next does it. For everything less than that there is a
//! watchdog, which does it at once.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::docker::{Endpoint, Engine, EngineError, HOST_LABEL, KIND_LABEL, SESSION_LABEL};
use crate::service::StackOrder;
use crate::watchdog::Watchdog;

/// The folder of leases below the folder for state.
const SESSIONS: &str = "sessions";
/// The end of a lease's name.
const LOCK: &str = "lock";

/// A session's lease.
#[derive(Debug)]
pub(crate) struct Lease {
    /// Kept open: its lock goes with it. None where there is no place for it.
    file: Option<(PathBuf, File)>,
    watchdog: Option<Watchdog>,
}

impl Lease {
    /// A lease of the session `id` with things in `engine`, with a watchdog if there is one.
    pub(crate) fn take(state: Option<&Path>, id: &str, engine: &Engine, watchdog: Option<Watchdog>) -> Self {
        let file = state.and_then(|state| lock_new(&state.join(SESSIONS), id, engine).ok());
        Self { file, watchdog }
    }

    /// Whether other processes can see that the session lives.
    pub(crate) fn is_known(&self) -> bool {
        self.file.is_some()
    }

    /// These are stopped, and run again unless the session ends well.
    pub(crate) async fn stops(&mut self, containers: impl Iterator<Item = &str>) {
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.stops(containers).await;
        }
    }

    /// The session left nothing behind.
    pub(crate) async fn release(self) {
        if let Some((path, _)) = &self.file {
            let _ = fs::remove_file(path); // the next run finds it free, and nothing behind it
        }
        if let Some(watchdog) = self.watchdog {
            watchdog.dismiss().await;
        }
    }
}

/// The file is locked before it has its name: nobody ever sees one of a living session free.
fn lock_new(dir: &Path, id: &str, engine: &Engine) -> io::Result<(PathBuf, File)> {
    fs::create_dir_all(dir)?;
    let path = dir.join(format!("{id}.{LOCK}"));
    let unnamed = dir.join(format!("{id}.new"));
    let mut file = File::create_new(&unnamed)?;
    let locked = file.lock().and_then(|()| file.write_all(key(engine).as_bytes()));
    match locked.and_then(|()| fs::rename(&unnamed, &path)) {
        Ok(()) => Ok((path, file)),
        Err(error) => {
            let _ = fs::remove_file(&unnamed);
            Err(error)
        }
    }
}

/// Removes what sessions of this machine left in `engine` that ended without a word. Gives how many
/// things it removed. Costs one look at a folder where there is none.
///
/// # Errors
/// If something cannot be removed; its lease stays for the next time.
pub(crate) async fn sweep_left(
    state: Option<&Path>,
    engine: &Engine,
    host: &str,
) -> Result<usize, EngineError> {
    let Some(state) = state else { return Ok(0) };
    let mut removed = 0;
    for (session, path, lock) in left(&state.join(SESSIONS), &key(engine)) {
        let labels = [(SESSION_LABEL, session.as_str()), (KIND_LABEL, "session"), (HOST_LABEL, host)];
        removed += engine.sweep(&labels.map(|(name, value)| format!("{name}={value}"))).await?;
        removed += engine.sweep(&StackOrder::made(&session)).await?; // its lease ends when it is settled
        let _ = fs::remove_file(path);
        drop(lock);
    }
    Ok(removed)
}

/// What tells an engine from others of this machine, whatever the link by which it was found.
fn key(engine: &Engine) -> String {
    let endpoint = engine.endpoint();
    match endpoint {
        Endpoint::Unix(path) => {
            Endpoint::Unix(path.canonicalize().unwrap_or_else(|_| path.clone())).to_string()
        }
        _ => endpoint.to_string(),
    }
}

/// Removes the lease of a session that has nothing in the engine any more.
pub(crate) fn forget(state: Option<&Path>, session: &str) {
    if let Some(state) = state {
        let _ = fs::remove_file(state.join(SESSIONS).join(format!("{session}.{LOCK}")));
    }
}

/// Whether somebody holds the lease of a session.
pub(crate) fn is_alive(state: Option<&Path>, session: &str) -> bool {
    let Some(state) = state else { return false };
    let file = File::open(state.join(SESSIONS).join(format!("{session}.{LOCK}")));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Leases that nobody holds, of sessions on this engine.
fn left(dir: &Path, endpoint: &str) -> Vec<(String, PathBuf, File)> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let free = |path: PathBuf| {
        let session = path.file_name()?.to_str()?.strip_suffix(&format!(".{LOCK}"))?.to_owned();
        let file = File::open(&path).ok()?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return None,
        }
        let of_this = fs::read_to_string(&path).is_ok_and(|text| text == endpoint);
        of_this.then_some((session, path, file))
    };
    entries.filter_map(|entry| free(entry.path())).collect()
}

/// A volume that this process alone may use, until the file is dropped. None where locks cannot be
/// had: then the engine's own word on its users has to do.
///
/// # Errors
/// If another process uses it.
pub(crate) fn lock_volume(state: Option<&Path>, volume: &str) -> Result<Option<File>, InUse> {
    lock_name(state, "volumes", volume)
}

fn lock_name(state: Option<&Path>, folder: &str, name: &str) -> Result<Option<File>, InUse> {
    let Some(dir) = state.map(|state| state.join(folder)) else { return Ok(None) };
    let opened = fs::create_dir_all(&dir)
        .and_then(|()| File::options().create(true).append(true).open(dir.join(format!("{name}.{LOCK}"))));
    let Ok(file) = opened else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(InUse),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// A stack that this process alone brings up or down, until the file is dropped. None where locks
/// cannot be had.
///
/// # Errors
/// If another process does.
pub(crate) fn lock_stack(state: Option<&Path>, prefix: &str) -> Result<Option<File>, InUse> {
    lock_name(state, "stacks", prefix)
}

/// A port of this machine that no other process gives to a stack, until the file is dropped. None where
/// locks cannot be had.
///
/// # Errors
/// If another process does.
pub(crate) fn lock_port(state: Option<&Path>, port: u16) -> Result<Option<File>, InUse> {
    lock_name(state, "ports", &port.to_string())
}

/// Another process uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InUse;

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// Waits until nobody holds what was let go: a child that another test is just starting has it
    /// open, and locked, too, until it executes its program.
    #[track_caller]
    fn until(is_free: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_free() {
            assert!(begun.elapsed() < Duration::from_secs(120), "it is held all the time");
            std::thread::yield_now();
        }
    }

    #[test]
    fn only_leases_that_nobody_holds_are_left_and_only_those_of_this_engine() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("dead.lock", "unix:///a");
        write("elsewhere.lock", "unix:///b");
        write("other.new", "unix:///a");
        write("alive.lock", "unix:///a");
        let alive = File::open(dir.path().join("alive.lock")).unwrap();
        alive.lock().unwrap();
        let names = |endpoint: &str| -> Vec<String> {
            left(dir.path(), endpoint).into_iter().map(|(session, ..)| session).collect()
        };
        assert_eq!(names("unix:///a"), ["dead"]);
        until(|| names("unix:///b") == ["elsewhere"]);
        drop(alive);
        until(|| names("unix:///a").len() == 2);
    }

    #[test]
    fn a_volume_is_used_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = lock_volume(Some(dir.path()), "data").unwrap().unwrap();
        assert_eq!(lock_volume(Some(dir.path()), "data").unwrap_err(), InUse);
        assert!(lock_volume(Some(dir.path()), "other").is_ok());
        drop(first);
        until(|| lock_volume(Some(dir.path()), "data").is_ok());
    }
}
