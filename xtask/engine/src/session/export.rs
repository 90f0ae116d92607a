//! Copies of results where `--export` says: those of this run, and nothing of an earlier one.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::test::OUTPUT_LOG;
use crate::Error;

/// A folder at `path`, there or made.
pub(super) fn folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => in_the_way(path),
        _ => Error::write(path, &error),
    })
}

/// Makes sure that nothing but a folder is at `path`.
pub(super) fn check(path: &Path) -> Result<(), Error> {
    if path.exists() && !path.is_dir() { Err(in_the_way(path)) } else { Ok(()) }
}

/// Copies a tree to `to`, in the place of an earlier export, which is known by its log. Anything
/// else in the folder stays, unless a file of the same name comes.
pub(super) fn replace(from: &Path, to: &Path) -> Result<(), Error> {
    if is_same(from, to) {
        return Ok(());
    }
    if to.join(OUTPUT_LOG).is_file() {
        empty(to)?;
    }
    copy(from, to)
}

/// Whether the record itself is where files are wanted.
fn is_same(from: &Path, to: &Path) -> bool {
    matches!((from.canonicalize(), to.canonicalize()), (Ok(from), Ok(to)) if from == to)
}

/// Copies a folder of logs to `to`, in the place of the logs of an earlier run.
pub(super) fn replace_logs(from: &Path, to: &Path) -> Result<(), Error> {
    if is_same(from, to) {
        return Ok(());
    }
    folder(to)?;
    let is_log = |path: &Path| path.extension().is_some_and(|extension| extension == "log");
    let entries = fs::read_dir(to).into_iter().flatten().flatten().map(|entry| entry.path());
    for log in entries.filter(|path| is_log(path) && path.is_file()) {
        fs::remove_file(&log).map_err(|error| Error::write(&log, &error))?;
    }
    copy(from, to)
}

/// Removes all that is in a folder; the folder may be a link or a mount.
fn empty(folder: &Path) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(|error| Error::write(folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Error::write(folder, &error))?;
        let path = entry.path();
        let removed = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(&path),
            _ => fs::remove_file(&path),
        };
        removed.map_err(|error| Error::write(&path, &error))?;
    }
    Ok(())
}

/// Copies a tree over what is there. Links stay links: in the container they may lead to places
/// that are others, or none, on this machine.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    folder(to)?;
    for entry in fs::read_dir(from).map_err(|error| Error::write(to, &error))? {
        let entry = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)));
        let (entry, kind) = entry.map_err(|error| Error::write(to, &error))?;
        let dest = to.join(entry.file_name().unwrap_or_default());
        if kind.is_dir() {
            copy(&entry, &dest)?;
            continue;
        }
        let copied = if dest.is_symlink() { fs::remove_file(&dest) } else { Ok(()) };
        let copied = copied.and_then(|()| match kind.is_symlink() {
            true => link(&fs::read_link(&entry)?, &dest),
            false => fs::copy(&entry, &dest).map(drop),
        });
        copied.map_err(|error| match dest.is_dir() {
            true => Error::Write { path: dest, why: format!("a folder of that name {IN_THE_WAY}") },
            false => Error::write(dest, &error),
        })?;
    }
    Ok(())
}

/// What the sentence about it ends with.
const IN_THE_WAY: &str = "is in the way; move it, or name another folder";

/// A file is where a folder has to be: at `path`, or above it.
fn in_the_way(path: &Path) -> Error {
    let file = path.ancestors().find(|path| path.exists() && !path.is_dir()).unwrap_or(path);
    Error::Write { path: path.into(), why: format!("the file {} {IN_THE_WAY}", file.display()) }
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

/// Windows makes links only for administrators.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "text").unwrap();
    }

    #[test]
    fn an_earlier_export_is_replaced_and_what_is_none_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        write(&from.join(OUTPUT_LOG));
        write(&to.join("mine/file"));
        replace(&from, &to).unwrap();
        assert!(to.join("mine/file").exists() && to.join(OUTPUT_LOG).exists());
        write(&to.join("coverage/lcov.info"));
        write(&from.join("new/file"));
        replace(&from, &to).unwrap();
        assert!(!to.join("coverage").exists() && !to.join("mine").exists());
        assert!(to.join("new/file").exists() && to.join(OUTPUT_LOG).exists());
        // The record as its own export.
        replace(&from, &from).unwrap();
        assert_eq!(fs::read_to_string(from.join("new/file")).unwrap(), "text");
    }

    #[test]
    fn logs_of_an_earlier_run_go_and_other_files_stay() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        write(&from.join("crux.log"));
        write(&to.join("old.log"));
        write(&to.join("notes.md"));
        replace_logs(&from, &to).unwrap();
        assert!(to.join("crux.log").exists() && to.join("notes.md").exists() && !to.join("old.log").exists());
        replace_logs(&from, &from).unwrap();
        assert!(from.join("crux.log").exists());
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        write(&from.join("coverage/lcov.info"));
        write(&to.join("coverage"));
        let way = to.join("coverage");
        let expected = format!(
            "cannot write {0}: the file {0} is in the way; move it, or name another folder",
            way.display()
        );
        assert_eq!(replace(&from, &to).unwrap_err().to_string(), expected);
        assert_eq!(check(&way).unwrap_err().to_string(), expected);
        let below = folder(&way.join("more")).unwrap_err().to_string();
        assert!(
            below.contains(&format!("coverage/more: the file {} is in the way;", way.display())),
            "{below}"
        );

        let to = dir.path().join("other");
        fs::create_dir_all(to.join("coverage/lcov.info")).unwrap();
        let folder = replace(&from, &to).unwrap_err().to_string();
        assert!(folder.contains("lcov.info: a folder of that name is in the way; move it"), "{folder}");
    }
}
