//! Waiting until a person has changed something: sources are looked at a few times a second, which
//! works on every system and file system and takes a few milliseconds.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::project::NOT_SOURCES;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(300);

/// Folders and files, as they were when they were looked at last.
pub struct Watch {
    paths: Vec<PathBuf>,
    seen: Vec<Seen>,
}

/// A file, its size, and when it changed last.
type Seen = (PathBuf, u64, Option<SystemTime>);

impl Watch {
    /// Folders and files as they are now.
    pub fn on(paths: Vec<PathBuf>) -> Self {
        let seen = look(&paths);
        Self { paths, seen }
    }

    /// Waits until something of them changed, and nothing more does: an editor may write many files.
    /// Gives the paths.
    pub async fn changed(&mut self) -> Vec<PathBuf> {
        let before = self.seen.clone();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = xtask_engine::event::blocking(|| look(&self.paths));
            let is_quiet = now == self.seen;
            self.seen = now;
            if is_quiet && self.seen != before {
                return difference(&before, &self.seen);
            }
        }
    }
}

fn look(paths: &[PathBuf]) -> Vec<Seen> {
    let mut seen = Vec::new();
    for path in paths {
        add(path.clone(), fs::metadata(path), &mut seen);
    }
    seen.sort();
    seen
}

/// A file, or what is in a folder. What cannot be read is not there.
fn add(path: PathBuf, metadata: io::Result<Metadata>, seen: &mut Vec<Seen>) {
    match metadata {
        Ok(metadata) if metadata.is_dir() => walk(&path, seen),
        Ok(metadata) => seen.push((path, metadata.len(), metadata.modified().ok())),
        Err(_) => {}
    }
}

fn walk(folder: &Path, seen: &mut Vec<Seen>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !is_no_source(&entry.file_name().to_string_lossy()) {
            add(entry.path(), entry.metadata(), seen);
        }
    }
}

/// Whether a name is one of what tools make, or of what an editor writes beside a file.
fn is_no_source(name: &str) -> bool {
    let is_made = |not: &&str| not.strip_prefix('*').map_or(name == *not, |end| name.ends_with(end));
    let is_editors = name.ends_with('~')
        || name.starts_with(".#")
        || name.starts_with('.') && [".swp", ".swo", ".swx"].iter().any(|end| name.ends_with(end))
        || name == "4913"; // vim looks whether it may write
    is_editors || NOT_SOURCES.iter().any(is_made)
}

/// The paths of which one side has another state.
fn difference(before: &[Seen], now: &[Seen]) -> Vec<PathBuf> {
    let only = |these: &[Seen], those: &[Seen]| {
        let other = these.iter().filter(|seen| those.binary_search(seen).is_err());
        other.map(|(path, ..)| path.clone()).collect::<Vec<_>>()
    };
    let mut paths = [only(before, now), only(now, before)].concat();
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn changes_are_told_once_nothing_more_changes_and_not_what_tools_make() {
        let dir = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("src/main.ts", "1");
        write("src/old.ts", "1");
        let elsewhere = tempfile::tempdir().unwrap();
        let file = elsewhere.path().join("settings");
        let mut watch = Watch::on(vec![dir.path().to_path_buf(), dir.path().join("none"), file.clone()]);
        for made in ["node_modules/a.js", "a.tsbuildinfo", "src/.main.ts.swp", "src/main.ts~", "src/4913"] {
            write(made, "1");
        }
        let nothing = tokio::time::timeout(LOOK * 4, watch.changed()).await;
        assert!(nothing.is_err(), "{nothing:?}");
        write("src/main.ts", "22");
        write("src/new.ts", "1");
        fs::remove_file(dir.path().join("src/old.ts")).unwrap();
        let paths = watch.changed().await;
        let names: Vec<_> = paths.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["main.ts", "new.ts", "old.ts"]);
        fs::write(elsewhere.path().join("beside"), "1").unwrap();
        fs::write(&file, "1").unwrap();
        assert_eq!(watch.changed().await, [file], "a file is followed alone");
    }
}
