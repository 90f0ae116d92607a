//! Secrets: named in a pipeline, read only when a step asks.

use std::fmt;
use std::path::PathBuf;

/// Where a secret's value is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretSource {
    /// A variable of xtask's own environment.
    Variable(String),
    /// A file of the host, byte for byte.
    File(PathBuf),
    /// What a command of the host prints, without line ends at its end.
    Command(Vec<String>),
    /// A key of a `.env` file.
    Dotenv {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
    },
    /// A value that the program has made itself, and what it is.
    Value {
        /// What it is, for people.
        what: String,
        /// The value.
        value: String,
    },
}

/// A secret. In a step it is a file that exists only while the step runs; its value is never part
/// of a layer, a cache key or a log. Because it is not in the cache key, a step whose secret
/// changed is still a cache hit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret {
    source: SecretSource,
}

impl Secret {
    /// The value of a variable of xtask's own environment.
    pub fn variable(name: impl Into<String>) -> Self {
        Self { source: SecretSource::Variable(name.into()) }
    }

    /// The contents of a file of the host.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { source: SecretSource::File(path.into()) }
    }

    /// The output of a command of the host.
    pub fn command<S: Into<String>>(args: impl IntoIterator<Item = S>) -> Self {
        Self { source: SecretSource::Command(args.into_iter().map(Into::into).collect()) }
    }

    /// A key of a `.env` file.
    pub fn dotenv(file: impl Into<PathBuf>, key: impl Into<String>) -> Self {
        Self { source: SecretSource::Dotenv { file: file.into(), key: key.into() } }
    }

    /// A value that the program has made itself: a password for one run, an address with one in it.
    /// `what` is what people call it.
    pub fn value(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self { source: SecretSource::Value { what: what.into(), value: value.into() } }
    }

    /// Where its value is.
    pub fn source(&self) -> &SecretSource {
        &self.source
    }
}

/// Names the source, never the value.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Command(args) => write!(f, "command {}", args.first().map_or("", String::as_str)),
            Self::Dotenv { file, key } => write!(f, "key {key} of {}", file.display()),
            Self::Value { what, .. } => write!(f, "{what}"),
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.source)
    }
}
