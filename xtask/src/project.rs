//! The application's repository: where its parts are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use xtask_engine::Error;
use xtask_engine::pipeline::Directory;
use xtask_engine::source::reason;

/// What is made by tools in a checkout and never part of its sources, in gitignore's syntax.
const NOT_SOURCES: [&str; 6] = ["node_modules", "dist", ".next", "coverage", ".git", "*.tsbuildinfo"];

/// A repository with the application's layout: `web/crux` and `web/crux-ui`.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// The repository that `named` names; without it this one, or, where this one holds no
    /// application, the sample in `tests/sample`.
    ///
    /// # Errors
    /// If it is not there or has no application in it.
    pub fn find(named: Option<&Path>) -> Result<Self, Error> {
        let root = match named {
            Some(named) => named.to_path_buf(),
            None => {
                let root = workspace();
                if root.join("web/crux").is_dir() { root } else { root.join("tests/sample") }
            }
        };
        folder(&root, "")?;
        Ok(Self { root })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder of the repository.
    ///
    /// # Errors
    /// If the repository does not have it.
    pub fn dir(&self, path: &str) -> Result<Directory, Error> {
        folder(&self.root, path)?;
        Ok(Directory::host(self.root.join(path)).labelled(path))
    }

    /// The sources in a folder: all but what tools make in it.
    ///
    /// # Errors
    /// If the repository does not have it.
    pub fn sources(&self, path: &str) -> Result<Directory, Error> {
        Ok(self.dir(path)?.exclude(NOT_SOURCES))
    }

    /// What `npm ci` reads in a folder: the manifest, the lockfile, and npm's configuration if
    /// there is one.
    ///
    /// # Errors
    /// If the repository does not have the folder, or the folder not both of them, or one of them is
    /// no JSON.
    pub fn npm_manifests(&self, path: &str) -> Result<Directory, Error> {
        let folder = self.dir(path)?;
        for (file, mend) in [
            ("package.json", "correct it"),
            ("package-lock.json", "correct it, or remove it and run `npm install` there"),
        ] {
            let file_path = self.root.join(path).join(file);
            if !file_path.is_file() {
                return Err(Error::Usage(format!(
                    "{} has no {file}, which `npm ci` needs; run `npm install` there and commit it",
                    self.root.join(path).display()
                )));
            }
            json(&file_path, mend)?;
        }
        let mut files = vec!["/package.json", "/package-lock.json"];
        if self.root.join(path).join(".npmrc").is_file() {
            files.push("/.npmrc");
        }
        Ok(folder.include(files))
    }
}

/// Makes sure that a file of npm's is JSON: npm says so only in a container, and not where.
fn json(path: &Path, mend: &str) -> Result<(), Error> {
    // One that cannot be read is told when it is sent.
    let Ok(bytes) = fs::read(path) else { return Ok(()) };
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let Err(error) = serde_json::from_slice::<IgnoredAny>(text) else { return Ok(()) };
    let (line, column) = (error.line(), error.column());
    let why = error.to_string();
    let why = why.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&why);
    Err(Error::Usage(format!("{} is no JSON at line {line}, column {column}: {why}; {mend}", path.display())))
}

/// Makes sure that `path` is a folder in `root`, itself one.
fn folder(root: &Path, path: &str) -> Result<(), Error> {
    const ADVICE: &str = "name a checkout of the application, with web/crux and web/crux-ui, with --repo";
    let wrong = |what: String| Err(Error::Usage(format!("{what}; {ADVICE}")));
    let folder = if path.is_empty() { root.to_path_buf() } else { root.join(path) };
    match folder.metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => wrong(format!("{} is not a folder", folder.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_empty() => {
            wrong(format!("there is no folder {}", root.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            wrong(format!("{} has no folder {path}", root.display()))
        }
        Err(error) => wrong(format!("cannot read {}: {}", folder.display(), reason(&error))),
    }
}

/// The workspace that this program belongs to: two folders above its manifest when cargo runs it,
/// else where it was built.
pub fn workspace() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}
