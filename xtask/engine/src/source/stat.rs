//! What is known of a file without reading it.

use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

/// What kind of thing a path is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    File,
    Directory,
    Symlink { target: Box<str> },
}

/// One path of a view, relative to its root, with `/` between its parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) path: Box<str>,
    pub(crate) kind: Kind,
    /// Permission bits with setuid, setgid and sticky, as `chmod` counts them.
    pub(crate) mode: u32,
    /// Bytes; 0 for what is not a file.
    pub(crate) size: u64,
    /// Nanoseconds since 1970; 0 for a directory, whose time also counts what the filter hides.
    modified: i64,
    /// Nanoseconds since 1970 of the last change of contents or attributes; cannot be set by
    /// programs, so an edit always shows. 0 for a directory.
    changed: i64,
    inode: u64,
}

impl Entry {
    pub(crate) fn new(path: Box<str>, metadata: &Metadata, kind: Kind) -> Self {
        let platform = platform(metadata);
        match kind {
            Kind::Directory => {
                Self { path, kind, mode: platform.mode, size: 0, modified: 0, changed: 0, inode: 0 }
            }
            Kind::File | Kind::Symlink { .. } => Self {
                path,
                size: if kind == Kind::File { metadata.len() } else { 0 },
                kind,
                mode: platform.mode,
                modified: modified(metadata),
                changed: platform.changed,
                inode: platform.inode,
            },
        }
    }

    /// Whether `metadata`, read later, is of the same thing unchanged.
    pub(crate) fn is_still(&self, metadata: &Metadata) -> bool {
        let kind = metadata.file_type();
        let same_kind = match self.kind {
            Kind::File => kind.is_file(),
            Kind::Directory => kind.is_dir(),
            Kind::Symlink { .. } => kind.is_symlink(),
        };
        let now = Self::new("".into(), metadata, self.kind.clone());
        same_kind
            && (now.mode, now.size, now.modified, now.changed, now.inode)
                == (self.mode, self.size, self.modified, self.changed, self.inode)
    }

    /// When its contents or attributes last changed, in nanoseconds since 1970; where the system
    /// does not keep that, when it was last modified.
    pub(crate) fn changed(&self) -> i64 {
        self.changed
    }

    /// Adds all that tells one state of this path from another.
    pub(crate) fn stamp(&self, hash: &mut Sha256) {
        let target = match &self.kind {
            Kind::Symlink { target } => target.as_bytes(),
            Kind::File | Kind::Directory => &[],
        };
        let kind = match self.kind {
            Kind::File => 0u32,
            Kind::Directory => 1,
            Kind::Symlink { .. } => 2,
        };
        // One buffer, one call: the digest is fast on long runs and slow on short ones.
        let mut line = Vec::with_capacity(self.path.len() + target.len() + 64);
        line.extend_from_slice(&(self.path.len() as u64).to_le_bytes());
        line.extend_from_slice(self.path.as_bytes());
        line.extend_from_slice(&(target.len() as u64).to_le_bytes());
        line.extend_from_slice(target);
        for number in [u64::from(kind), u64::from(self.mode), self.size, self.inode] {
            line.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.modified, self.changed] {
            line.extend_from_slice(&number.to_le_bytes());
        }
        hash.update(&line);
    }
}

fn modified(metadata: &Metadata) -> i64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

/// When a file's contents or attributes last changed, in nanoseconds since 1970, which no program
/// sets.
#[cfg(unix)]
pub(crate) fn changed(metadata: &Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec())
}

/// Windows keeps no such time: that of its modification has to do.
#[cfg(not(unix))]
pub(crate) fn changed(metadata: &Metadata) -> i64 {
    modified(metadata)
}

struct Platform {
    mode: u32,
    changed: i64,
    inode: u64,
}

#[cfg(unix)]
fn platform(metadata: &Metadata) -> Platform {
    use std::os::unix::fs::MetadataExt;
    Platform { mode: metadata.mode() & 0o7777, changed: changed(metadata), inode: metadata.ino() }
}

/// Windows keeps no such mode: files get what they need to be read and run, as Docker's client
/// does.
#[cfg(not(unix))]
fn platform(metadata: &Metadata) -> Platform {
    Platform { mode: 0o755, changed: changed(metadata), inode: 0 }
}
