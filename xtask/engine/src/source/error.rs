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
    #[error("{}", unreadable(.path, .error))]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// Why it could not be.
        error: io::Error,
    },
    /// The name cannot be carried: BuildKit's protocol has paths as UTF-8 text.
    #[error("the name of {:?} in {} is not UTF-8, which BuildKit cannot carry; rename it, or leave it out with a line in .dockerignore", .path, .root.display())]
    NotUtf8 {
        /// The directory.
        root: PathBuf,
        /// The path in it.
        path: PathBuf,
    },
    /// A pattern does not parse.
    #[error("the pattern `{pattern}` of {of} does not parse: {why}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Whose pattern: an include, an exclude, a `.dockerignore`.
        of: String,
        /// What is wrong with it.
        why: String,
    },
    /// An include pattern matches nothing.
    #[error("{} has nothing that matches `{pattern}`, or .dockerignore leaves it out; add the file or correct the pattern", .root.display())]
    NoMatch {
        /// The directory.
        root: PathBuf,
        /// The pattern.
        pattern: String,
    },
    /// The file, or something in the directory, does not hold still.
    #[error("{} keeps changing while it is read; run again when nothing writes there any more, or leave it out with a line in .dockerignore", .0.display())]
    KeepsChanging(PathBuf),
}

impl SourceError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        Self::Unreadable { path: path.to_path_buf(), error }
    }
}

/// What cannot be read, why, and what to do.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> String {
    let (shown, why) = (path.display(), reason(error));
    match error.kind() {
        _ if path.file_name().is_some_and(|name| name == ".dockerignore") => {
            format!("cannot read {shown}: {why}; correct or remove it")
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "cannot read {shown}: {why}; make it readable, or leave it out with a line in .dockerignore"
            )
        }
        _ => format!("cannot read {shown}: {why}"),
    }
}

/// The system's words without Rust's ` (os error 13)`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None if error.kind() == io::ErrorKind::InvalidData => "it is not UTF-8 text".into(),
        None => text,
    }
}
