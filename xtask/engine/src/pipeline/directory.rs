//! Directories and files: of the host, or out of a container.

use std::path::{Path, PathBuf};

use super::{ContainerPath, Fs, FsNode, PipelineError};

/// A directory of the host as a step sees it: a root and a filter. What the filter leaves out
/// never travels and never invalidates a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostDirectory {
    pub(crate) root: PathBuf,
    pub(crate) label: String,
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
}

/// Where a directory's files come from.
#[derive(Debug, Clone)]
pub(crate) enum DirectorySource {
    Host(HostDirectory),
    Fs(Fs),
}

/// A directory: of the host, or out of a container. A value; nothing is read before a session
/// uses it.
#[derive(Debug, Clone)]
pub struct Directory {
    pub(crate) source: DirectorySource,
    pub(crate) path: ContainerPath,
    pub(crate) error: Option<PipelineError>,
}

impl Directory {
    /// A directory of the host. Its `.dockerignore` is respected; `.env` files (all but
    /// `.env.example` and its like) never travel.
    pub fn host(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let label = root.display().to_string();
        Self {
            source: DirectorySource::Host(HostDirectory {
                root,
                label,
                include: Vec::new(),
                exclude: Vec::new(),
            }),
            path: ContainerPath::root(),
            error: None,
        }
    }

    /// An empty directory.
    pub fn empty() -> Self {
        Self {
            source: DirectorySource::Fs(Fs::new(FsNode::Scratch)),
            path: ContainerPath::root(),
            error: None,
        }
    }

    /// The name under which output speaks of it; without it, its path.
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        if let DirectorySource::Host(host) = &mut self.source {
            host.label = label.into();
        }
        self
    }

    /// Only what matches one of `patterns`, in gitignore's syntax: `/package.json` is the one at
    /// the top, `package.json` one at any depth, `src/` a directory with all in it. A pattern that
    /// matches nothing is an error when the directory is read. Has no effect on a directory out
    /// of a container.
    pub fn include<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        if let DirectorySource::Host(host) = &mut self.source {
            host.include.extend(patterns.into_iter().map(Into::into));
        }
        self
    }

    /// Without what matches `patterns`, in gitignore's syntax: the last pattern that matches
    /// wins, `!` takes back. Has no effect on a directory out of a container.
    pub fn exclude<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        if let DirectorySource::Host(host) = &mut self.source {
            host.exclude.extend(patterns.into_iter().map(Into::into));
        }
        self
    }

    /// The directory `path` inside this one.
    #[track_caller]
    pub fn directory(&self, path: &str) -> Self {
        let (path, error) = resolve(path, &self.path, std::panic::Location::caller());
        Self { source: self.source.clone(), path, error: self.error.clone().or(error) }
    }

    /// The file `path` inside this one.
    #[track_caller]
    pub fn file(&self, path: &str) -> File {
        let (path, error) = resolve(path, &self.path, std::panic::Location::caller());
        File { source: self.source.clone(), path, error: self.error.clone().or(error) }
    }
}

/// A file: of the host, or out of a container.
#[derive(Debug, Clone)]
pub struct File {
    pub(crate) source: DirectorySource,
    pub(crate) path: ContainerPath,
    pub(crate) error: Option<PipelineError>,
}

impl File {
    /// A file of the host. `.env` files are refused: pass their keys as secrets or variables.
    #[track_caller]
    pub fn host(path: impl AsRef<Path>) -> Self {
        let place = std::panic::Location::caller();
        let path = path.as_ref();
        let wrong =
            |why: &str| Some(PipelineError::new(format!("the host file {} {why}", path.display()), place));
        let (name, error) = match path.file_name().map(|name| name.to_str()) {
            Some(Some(name)) if crate::source::is_dotenv(name) => {
                (name, wrong("is an environment file: pass its keys with with_secret_variable"))
            }
            Some(Some(name)) => (name, None),
            Some(None) => ("", wrong("has a name that is not UTF-8: rename it")),
            None => ("", wrong("has no file name")),
        };
        let root = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let source = HostDirectory {
            root: root.to_path_buf(),
            label: path.display().to_string(),
            include: vec![format!("/{}", escape(name))],
            exclude: Vec::new(),
        };
        let (resolved, path_error) = resolve(name, &ContainerPath::root(), place);
        Self { source: DirectorySource::Host(source), path: resolved, error: error.or(path_error) }
    }
}

/// A name as a gitignore pattern that matches just it.
fn escape(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\' | '!' | '#' | ' ') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

fn resolve(
    path: &str,
    base: &ContainerPath,
    place: &'static std::panic::Location<'static>,
) -> (ContainerPath, Option<PipelineError>) {
    match ContainerPath::resolve(path.trim_start_matches('/'), Some(base)) {
        Ok(path) => (path, None),
        Err(what) => (ContainerPath::root(), Some(PipelineError::new(what, place))),
    }
}
