//! The walk over a directory of the host: depth first, each directory sorted by name, as BuildKit
//! wants it. Directories with many directories in them are walked by several threads.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use super::filter::{Filter, Verdict};
use super::parallel::in_parallel;
use super::{Entry, Kind, SourceError};
use crate::pipeline::HostDirectory;

/// Directories in one directory that are worth several threads.
const MANY: usize = 8;

/// All paths below `root` that pass the filter of `directory`.
pub(super) fn walk(directory: &HostDirectory, root: &Path) -> Result<Vec<Entry>, SourceError> {
    let filter = Filter::new(directory, root)?;
    let verdict = Verdict::root(&filter);
    let walk = Walk { root, filter };
    let mut entries = walk.directory(Path::new(""), verdict, true)?;
    if let Some(pattern) = walk.filter.unmatched() {
        return Err(SourceError::NoMatch { root: directory.root.clone(), pattern: pattern.to_owned() });
    }
    entries.shrink_to_fit();
    Ok(entries)
}

struct Walk<'a> {
    root: &'a Path,
    filter: Filter,
}

impl Walk<'_> {
    /// What is in a directory, and below. `alone`: no other thread is at work yet.
    fn directory(&self, path: &Path, verdict: Verdict, alone: bool) -> Result<Vec<Entry>, SourceError> {
        let absolute = self.root.join(path);
        let children = match children(&absolute) {
            Ok(children) => children,
            // Gone since it was seen: whoever uses the view looks again afterwards.
            Err(error) if error.kind() == io::ErrorKind::NotFound && path != Path::new("") => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(SourceError::io(&absolute, error)),
        };
        let all = |children: &[(OsString, fs::DirEntry)], alone| {
            let mut entries = Vec::with_capacity(children.len());
            for (name, child) in children {
                self.child(child, &path.join(name), verdict, alone, &mut entries)?;
            }
            Ok(entries)
        };
        let is_directory = |child: &fs::DirEntry| child.file_type().is_ok_and(|kind| kind.is_dir());
        if alone && children.iter().filter(|(_, child)| is_directory(child)).count() >= MANY {
            in_parallel(&children, |part| all(part, false))
        } else {
            all(&children, alone)
        }
    }

    fn child(
        &self,
        child: &fs::DirEntry,
        path: &Path,
        parent: Verdict,
        alone: bool,
        entries: &mut Vec<Entry>,
    ) -> Result<(), SourceError> {
        let Ok(file_type) = child.file_type() else { return Ok(()) };
        let verdict = self.filter.judge(path, file_type.is_dir(), parent);
        if !verdict.keep && !verdict.descend {
            return Ok(());
        }
        let metadata = match child.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(SourceError::io(&child.path(), error)),
        };
        let kind = if file_type.is_dir() {
            Kind::Directory
        } else if file_type.is_symlink() {
            match fs::read_link(child.path()) {
                Ok(target) => Kind::Symlink { target: self.text(&target)?.into() },
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(SourceError::io(&child.path(), error)),
            }
        } else if file_type.is_file() {
            Kind::File
        } else {
            return Ok(()); // sockets, pipes and devices are of this machine, not of the tree
        };
        let entry = Entry::new(self.text(path)?.into(), &metadata, kind);
        let mut below = if verdict.descend { self.directory(path, verdict, alone)? } else { Vec::new() };
        // A directory that is only on the way is part of the view if something below it is.
        if verdict.keep || !below.is_empty() {
            entries.push(entry);
            entries.append(&mut below);
        }
        Ok(())
    }

    /// A path as BuildKit's protocol has it: UTF-8, `/` between the parts.
    fn text(&self, path: &Path) -> Result<String, SourceError> {
        let not_utf8 = || SourceError::NotUtf8 { root: self.root.to_path_buf(), path: path.to_path_buf() };
        let text = path.to_str().ok_or_else(not_utf8)?;
        Ok(if std::path::MAIN_SEPARATOR == '/' {
            text.to_owned()
        } else {
            text.replace(std::path::MAIN_SEPARATOR, "/")
        })
    }
}

/// Sorted by name.
fn children(directory: &Path) -> io::Result<Vec<(OsString, fs::DirEntry)>> {
    let mut children = fs::read_dir(directory)?
        .map(|child| child.map(|child| (child.file_name(), child)))
        .collect::<io::Result<Vec<_>>>()?;
    children.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(children)
}
