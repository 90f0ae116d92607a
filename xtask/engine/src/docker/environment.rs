//! What finding an engine and its credentials depends on, as a value: tests have their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The variables that are looked at; nothing else of the process's environment is kept.
const NAMES: [&str; 8] = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "XDG_RUNTIME_DIR",
    "PATH",
];

/// The variables, the home directory and the root directory that decide which engine is found and
/// with which credentials it pulls.
#[derive(Debug, Clone)]
pub struct Environment {
    vars: BTreeMap<String, String>,
    home: Option<PathBuf>,
    root: PathBuf,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let vars = NAMES.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
        Self::new(vars, std::env::home_dir())
    }

    /// An environment of these variables and this home directory; the sockets are looked for
    /// under `/`.
    pub fn new<N: Into<String>, V: Into<String>>(
        vars: impl IntoIterator<Item = (N, V)>,
        home: Option<PathBuf>,
    ) -> Self {
        let vars = vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { vars, home, root: PathBuf::from("/") }
    }

    /// The same with the system's sockets looked for under `root` (`ROOT/var/run/docker.sock`).
    pub fn with_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    /// A variable; one that is empty counts as not set, as Docker has it.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    #[cfg_attr(windows, allow(dead_code, reason = "Windows has pipes"))]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of Docker's client: `$DOCKER_CONFIG`, else `~/.docker`.
    pub(crate) fn docker_config(&self) -> Option<PathBuf> {
        match self.var("DOCKER_CONFIG") {
            Some(directory) => Some(directory.into()),
            None => self.home().map(|home| home.join(".docker")),
        }
    }
}
