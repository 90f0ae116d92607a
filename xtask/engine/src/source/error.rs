//! What can be wrong with a directory of the host.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A directory of the host cannot be used as it is.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The directory is not there.
    #[error("there is no directory {}", .0.display())]
    Missing(PathBuf),
    /// The path names something else.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The operating system refused.
    #[error("cannot read {}: {} (leave it out with exclude or .dockerignore, or make it readable)", .path.display(), reason(.error))]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// Why it could not be.
        error: io::Error,
    },
    /// The name cannot be carried: BuildKit's protocol has paths as UTF-8 text.
    #[error("the name of {:?} in {} is not UTF-8, which BuildKit cannot carry: rename it, or leave it out with exclude or .dockerignore", .path, .root.display())]
    NotUtf8 {
        /// The directory.
        root: PathBuf,
        /// The path in it.
        path: PathBuf,
    },
    /// A pattern does not parse.
    #[error("the pattern {pattern:?} of {of} does not parse: {why}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Whose pattern: an include, an exclude, a `.dockerignore`.
        of: String,
        /// What is wrong with it.
        why: String,
    },
    /// An include pattern matches nothing.
    #[error("{} has nothing that matches {pattern:?}: is the file missing, or the pattern wrong?", .root.display())]
    NoMatch {
        /// The directory.
        root: PathBuf,
        /// The pattern.
        pattern: String,
    },
    /// The directory does not hold still.
    #[error("files in {} keep changing while they are read: run again when they are at rest", .0.display())]
    KeepsChanging(PathBuf),
}

impl SourceError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        Self::Unreadable { path: path.to_path_buf(), error }
    }
}

/// The system's words without Rust's ` (os error 13)`.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}
