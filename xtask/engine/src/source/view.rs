//! A view: the paths of a host directory that pass its filter, at one moment.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::parallel::in_parallel;
use super::walk::walk;
use super::{Entry, SourceError};
use crate::hex;
use crate::pipeline::HostDirectory;

/// How coarse a file system's clock is at most: Linux stamps changes with the time of its last
/// tick, 1 to 10 ms ago. Two edits within one tick cannot be told apart by their stamps.
const CLOCK_TICK: Duration = Duration::from_millis(12);

/// How long to wait for a directory in which something is written all the time.
const PATIENCE: Duration = Duration::from_secs(3);

/// The paths of a directory of the host that pass its filter, in the order in which BuildKit
/// wants them: depth first, each directory sorted by name.
#[derive(Debug)]
pub(crate) struct View {
    /// What tells this view from every other of this machine: root and filter.
    pub(crate) key: String,
    /// How output speaks of it.
    pub(crate) label: String,
    /// The directory, with all symbolic links on the way to it followed.
    pub(crate) root: PathBuf,
    pub(crate) entries: Vec<Entry>,
    /// A digest over all that is known of the entries without reading them: equal stamps of one
    /// key mean equal contents.
    pub(crate) stamp: String,
}

impl View {
    /// Walks `directory` now. Blocks on the disk.
    ///
    /// # Errors
    /// A root that is missing or no directory, something unreadable, a name that is not UTF-8, a
    /// pattern that does not parse or that nothing matches.
    pub(crate) fn read(directory: &HostDirectory) -> Result<Self, SourceError> {
        let root = canonical(&directory.root)?;
        let entries = at_rest(&root, || walk(directory, &root), CLOCK_TICK, PATIENCE)?;
        let key = key(directory, &root);
        let stamp = stamp(&key, &entries);
        Ok(Self { key, label: directory.label.clone(), root, entries, stamp })
    }

    /// A path that `other`, a view of the same directory, has in another state.
    pub(crate) fn difference(&self, other: &Self) -> Option<PathBuf> {
        let known: HashSet<&Entry> = self.entries.iter().collect();
        let changed = other.entries.iter().find(|entry| !known.contains(entry));
        let gone = || {
            let left: HashSet<&Entry> = other.entries.iter().collect();
            self.entries.iter().find(|entry| !left.contains(entry))
        };
        changed.or_else(gone).map(|entry| self.root.join(&*entry.path))
    }

    /// Whether everything in this view is now as it was when it was read. What was added since is
    /// not looked for: it is not part of the view. Blocks on the disk.
    pub(crate) fn holds_still(&self) -> bool {
        let still = |entry: &Entry| {
            let metadata = fs::symlink_metadata(self.root.join(&*entry.path));
            metadata.is_ok_and(|metadata| entry.is_still(&metadata))
        };
        let parts = in_parallel(&self.entries, |part| Ok::<_, SourceError>(vec![part.iter().all(still)]));
        parts.is_ok_and(|parts| parts.into_iter().all(|still| still))
    }
}

/// What `walk` finds below `root` once its newest change is old enough to be told from a further
/// one; an error if that does not happen within `patience`.
fn at_rest(
    root: &Path,
    mut walk: impl FnMut() -> Result<Vec<Entry>, SourceError>,
    tick: Duration,
    patience: Duration,
) -> Result<Vec<Entry>, SourceError> {
    let end = Instant::now() + patience;
    loop {
        let entries = walk()?;
        let newest = entries.iter().max_by_key(|entry| entry.changed());
        let Some(rest) = newest.and_then(|newest| unsettled(newest.changed(), tick)) else {
            return Ok(entries);
        };
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let path = newest.map_or_else(|| root.to_path_buf(), |newest| root.join(&*newest.path));
            return Err(SourceError::KeepsChanging(path));
        }
        // A further edit within this tick would not show; let it pass, then look again.
        thread::sleep(rest.min(left));
    }
}

fn canonical(root: &Path) -> Result<PathBuf, SourceError> {
    let canonical = fs::canonicalize(root).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SourceError::Missing(root.to_path_buf()),
        _ => SourceError::io(root, error),
    })?;
    if canonical.is_dir() { Ok(canonical) } else { Err(SourceError::NotADirectory(root.to_path_buf())) }
}

/// How long to wait until a change at `newest` is older than the clock is coarse. A time in the
/// future (another machine's clock) is not waited for.
fn unsettled(newest: i64, tick: Duration) -> Option<Duration> {
    let newest = UNIX_EPOCH + Duration::from_nanos(u64::try_from(newest).unwrap_or(0));
    let age = SystemTime::now().duration_since(newest).ok()?;
    tick.checked_sub(age).filter(|rest| !rest.is_zero())
}

/// Two checkouts must never share a key: BuildKit compares sizes and times only, not contents.
fn key(directory: &HostDirectory, root: &Path) -> String {
    let mut hash = Sha256::new();
    let mut part = |tag: u8, bytes: &[u8]| {
        hash.update([tag]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(b'r', root.as_os_str().as_encoded_bytes());
    directory.include.iter().for_each(|pattern| part(b'i', pattern.as_bytes()));
    directory.exclude.iter().for_each(|pattern| part(b'e', pattern.as_bytes()));
    hex(&hash.finalize()[..16])
}

fn stamp(key: &str, entries: &[Entry]) -> String {
    let mut hash = Sha256::new();
    hash.update(key);
    entries.iter().for_each(|entry| entry.stamp(&mut hash));
    hex(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::pipeline::{Directory, DirectorySource};

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        dir
    }

    fn read(directory: Directory) -> Result<View, SourceError> {
        let DirectorySource::Host(host) = directory.source else { panic!("a host directory") };
        View::read(&host)
    }

    fn paths(directory: Directory) -> Vec<String> {
        read(directory).unwrap().entries.iter().map(|entry| entry.path.to_string()).collect()
    }

    #[test]
    fn a_walk_is_depth_first_and_sorted_by_name() {
        let dir = tree(&["b/x", "b.txt", "a/z/q", "a-b/y"]);
        assert_eq!(
            paths(Directory::host(dir.path())),
            ["a", "a/z", "a/z/q", "a-b", "a-b/y", "b", "b/x", "b.txt"]
        );
    }

    #[test]
    fn an_include_brings_its_parents_and_nothing_else() {
        let dir = tree(&["package.json", "src/a/b.ts", "src/c.ts", "node_modules/x/package.json"]);
        let host = || Directory::host(dir.path());
        assert_eq!(paths(host().include(["/package.json"])), ["package.json"]);
        assert_eq!(paths(host().include(["/src/a"])), ["src", "src/a", "src/a/b.ts"]);
        assert_eq!(paths(host().include(["*.ts"])), ["src", "src/a", "src/a/b.ts", "src/c.ts"]);
        assert_eq!(
            paths(host().include(["package.json"]).exclude(["node_modules"])),
            ["package.json"],
            "exclude wins over include"
        );
    }

    #[test]
    fn an_include_that_matches_nothing_is_an_error_that_names_it() {
        let dir = tree(&["package.json"]);
        let error =
            read(Directory::host(dir.path()).include(["/package.json", "/package-lock.json"])).unwrap_err();
        assert!(error.to_string().contains("has nothing that matches `/package-lock.json`"), "{error}");
    }

    #[test]
    fn a_pattern_that_does_not_parse_is_an_error_that_names_it() {
        let dir = tree(&["a"]);
        let error = read(Directory::host(dir.path()).exclude(["a[", "b"])).unwrap_err();
        assert!(error.to_string().starts_with("the pattern `a[` of exclude does not parse"), "{error}");
        let error = read(Directory::host(dir.path()).include(["!a"])).unwrap_err();
        assert!(error.to_string().contains("use exclude"), "{error}");
    }

    #[test]
    fn dotenv_files_never_travel_but_their_templates_do() {
        let dir = tree(&[".env", "a/.env.local", "a/.env.example"]);
        assert_eq!(paths(Directory::host(dir.path())), ["a", "a/.env.example"]);
    }

    #[test]
    fn dockerignore_is_read_as_docker_reads_it() {
        let dir = tree(&["a/keep", "a/drop", "b/a/deep", "log", "c/log"]);
        fs::write(dir.path().join(".dockerignore"), "# comment\na\n!a/keep\nlog/\n").unwrap();
        assert_eq!(
            paths(Directory::host(dir.path())),
            [".dockerignore", "a", "a/keep", "b", "b/a", "b/a/deep", "c", "c/log"]
        );
    }

    #[test]
    fn a_stamp_changes_with_contents_even_when_size_and_time_do_not() {
        let dir = tree(&["f"]);
        let before = read(Directory::host(dir.path())).unwrap();
        let time = fs::metadata(dir.path().join("f")).unwrap().modified().unwrap();
        fs::write(dir.path().join("f"), "g").unwrap();
        fs::File::options().write(true).open(dir.path().join("f")).unwrap().set_modified(time).unwrap();
        let after = read(Directory::host(dir.path())).unwrap();
        assert_eq!(before.key, after.key);
        assert_ne!(before.stamp, after.stamp);
        assert_eq!(after.stamp, read(Directory::host(dir.path())).unwrap().stamp);
    }

    #[test]
    fn a_directory_that_never_rests_is_an_error_that_names_the_file() {
        let dir = tree(&["log"]);
        let view = read(Directory::host(dir.path())).unwrap();
        assert!(view.holds_still());
        let DirectorySource::Host(host) = Directory::host(dir.path()).source else {
            panic!("a host directory")
        };
        let mut number = 0;
        let written_to = || {
            number += 1;
            fs::write(dir.path().join("log"), format!("{number}")).unwrap();
            walk(&host, dir.path())
        };
        let error =
            at_rest(dir.path(), written_to, Duration::from_secs(3600), Duration::from_millis(1)).unwrap_err();
        assert!(matches!(&error, SourceError::KeepsChanging(path) if path.ends_with("log")), "{error}");
        assert!(number > 1, "it was looked at again");
        assert!(!view.holds_still());
    }

    #[test]
    fn a_view_holds_still_until_one_of_its_files_is_edited_or_gone() {
        let dir = tree(&["a/f", "a/g"]);
        let view = read(Directory::host(dir.path())).unwrap();
        fs::write(dir.path().join("a/new"), "").unwrap();
        assert!(view.holds_still(), "what was added is not part of it");
        let time = fs::metadata(dir.path().join("a/f")).unwrap().modified().unwrap();
        fs::write(dir.path().join("a/f"), "a/F").unwrap();
        fs::File::options().write(true).open(dir.path().join("a/f")).unwrap().set_modified(time).unwrap();
        assert!(!view.holds_still());
        let view = read(Directory::host(dir.path())).unwrap();
        fs::remove_file(dir.path().join("a/g")).unwrap();
        assert!(!view.holds_still());
    }

    #[test]
    fn many_directories_are_in_order_whoever_walks_them() {
        let files: Vec<String> = (0..200).map(|n| format!("d{:03}/x/f", n)).collect();
        let dir = tree(&files.iter().map(String::as_str).collect::<Vec<_>>());
        let found = paths(Directory::host(dir.path()).include(["f"]));
        let mut sorted = found.clone();
        sorted.sort_unstable();
        assert_eq!((found.len(), &found), (600, &sorted));
    }

    #[test]
    fn two_roots_never_share_a_key() {
        let (one, two) = (tree(&["f"]), tree(&["f"]));
        assert_ne!(
            read(Directory::host(one.path())).unwrap().key,
            read(Directory::host(two.path())).unwrap().key
        );
        let filtered = Directory::host(one.path()).exclude(["x"]);
        assert_ne!(read(Directory::host(one.path())).unwrap().key, read(filtered).unwrap().key);
    }

    #[test]
    fn a_missing_root_and_a_file_as_root_say_so() {
        let dir = tree(&["f"]);
        let missing = read(Directory::host(dir.path().join("x"))).unwrap_err();
        assert!(missing.to_string().starts_with("there is no directory"), "{missing}");
        let file = read(Directory::host(dir.path().join("f"))).unwrap_err();
        assert!(file.to_string().ends_with("is not a directory"), "{file}");
    }

    #[cfg(unix)]
    #[test]
    fn symlinks_travel_as_they_are_and_loops_do_no_harm() {
        let dir = tree(&["a/f"]);
        std::os::unix::fs::symlink("..", dir.path().join("a/up")).unwrap();
        std::os::unix::fs::symlink("self", dir.path().join("self")).unwrap();
        let view = read(Directory::host(dir.path())).unwrap();
        let up = view.entries.iter().find(|entry| &*entry.path == "a/up").unwrap();
        assert_eq!(up.kind, Kind::Symlink { target: "..".into() });
        assert_eq!(view.entries.len(), 4);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_any_name_is_found_without_reading_what_is_beside_it() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        // A walk over the sibling would stumble over its name.
        let dir = tree(&["a b [1].txt", "*", "sibling/x"]);
        fs::write(dir.path().join("sibling").join(OsStr::from_bytes(b"x\xff")), "").unwrap();
        for name in ["a b [1].txt", "*"] {
            let file = crate::pipeline::File::host(dir.path().join(name));
            let DirectorySource::Host(host) = file.source else { panic!("a host file") };
            let view = View::read(&host).unwrap();
            let found: Vec<&str> = view.entries.iter().map(|entry| &*entry.path).collect();
            assert_eq!(found, [name]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf8_is_an_error_unless_left_out() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let dir = tree(&["a b\nc"]);
        assert_eq!(paths(Directory::host(dir.path())), ["a b\nc"]);
        fs::write(dir.path().join(OsStr::from_bytes(b"x\xff")), "").unwrap();
        let error = read(Directory::host(dir.path())).unwrap_err();
        assert!(error.to_string().contains("is not UTF-8"), "{error}");
        assert_eq!(paths(Directory::host(dir.path()).exclude(["x*"])), ["a b\nc"]);
    }
}
