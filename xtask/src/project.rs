//! The application's repository: where its parts are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;
use xtask_engine::Error;
use xtask_engine::pipeline::Directory;
use xtask_engine::source::reason;

/// What is made by tools in a checkout and never part of its sources, in gitignore's syntax.
pub const NOT_SOURCES: [&str; 6] = ["node_modules", "dist", ".next", "coverage", ".git", "*.tsbuildinfo"];
/// What npm writes.
const LOCKFILE: &str = "package-lock.json";
const MEND_LOCKFILE: &str = "correct it, or remove it and run `npm install` there";

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

    /// What tells it from every other checkout on this machine.
    pub fn identity(&self) -> String {
        self.root.canonicalize().unwrap_or_else(|_| self.root.clone()).display().to_string()
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
        for (file, mend) in [("package.json", "correct it"), (LOCKFILE, MEND_LOCKFILE)] {
            let file_path = self.root.join(path).join(file);
            if !file_path.is_file() {
                return Err(Error::Usage(format!(
                    "{} has no {file}, which `npm ci` needs; run `npm install` there and commit it",
                    self.root.join(path).display()
                )));
            }
            // One that cannot be read is told when it is sent.
            if let Ok(bytes) = fs::read(&file_path) {
                json::<IgnoredAny>(&file_path, &bytes, mend)?;
            }
        }
        let mut files = vec!["/package.json", "/package-lock.json"];
        if self.root.join(path).join(".npmrc").is_file() {
            files.push("/.npmrc");
        }
        Ok(folder.include(files))
    }

    /// The version of Playwright that the lockfile in a folder says: that of `@playwright/test`, else
    /// of `playwright`, else of `playwright-core`.
    ///
    /// # Errors
    /// If the repository does not have the folder, or there is no lockfile, or it has no Playwright.
    pub fn playwright_version(&self, path: &str) -> Result<String, Error> {
        folder(&self.root, path)?;
        let file = self.root.join(path).join(LOCKFILE);
        let wrong = |what: &str| Err(Error::Usage(format!("{} {what}", file.display())));
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return wrong(
                    "is missing, so nothing says which Playwright the tests are for; run `npm install` there and commit it",
                );
            }
            Err(error) => return wrong(&format!("cannot be read: {}; make it readable", reason(&error))),
        };
        let Lockfile { packages, dependencies } = json(&file, &bytes, MEND_LOCKFILE)?;
        match packages.version().or(dependencies.version()) {
            Some(version) if is_version(&version) => Ok(version),
            Some(_) => wrong(
                "has a Playwright that is not a version from npm; run `npm install --save-dev @playwright/test` there and commit it",
            ),
            None => {
                wrong("has no Playwright; run `npm install --save-dev @playwright/test` there and commit it")
            }
        }
    }
}

/// Reads a file of npm's: npm says only in a container that one is no JSON, and not where.
fn json<'a, T: Deserialize<'a>>(path: &Path, bytes: &'a [u8], mend: &str) -> Result<T, Error> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let why = error.to_string();
        let why = why.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&why);
        let is = if error.is_data() { "is not what npm writes" } else { "is no JSON" };
        let path = path.display();
        Error::Usage(format!("{path} {is} at line {line}, column {column}: {why}; {mend}"))
    })
}

/// Of a lockfile, the little that is needed: all else is passed over.
#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Lockfile {
    /// Since npm 7, by folder.
    packages: Playwright,
    /// Before, and in version 2 beside them, by name.
    dependencies: Playwright,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Playwright {
    #[serde(rename = "node_modules/@playwright/test", alias = "@playwright/test")]
    test: Locked,
    #[serde(rename = "node_modules/playwright", alias = "playwright")]
    library: Locked,
    #[serde(rename = "node_modules/playwright-core", alias = "playwright-core")]
    core: Locked,
}

impl Playwright {
    fn version(self) -> Option<String> {
        self.test.version.or(self.library.version).or(self.core.version)
    }
}

/// A package's entry.
#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Locked {
    version: Option<String>,
}

/// `1.42.1`, or one that is not yet released: `1.43.0-beta-1710000000000`.
fn is_version(version: &str) -> bool {
    let (numbers, suffix) = version.split_once('-').unwrap_or((version, "x"));
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_suffix = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    numbers.split('.').count() == 3
        && numbers.split('.').all(number)
        && !suffix.is_empty()
        && suffix.bytes().all(is_suffix)
}

/// Makes sure that `path` is a folder in `root`, itself one.
fn folder(root: &Path, path: &str) -> Result<(), Error> {
    const ADVICE: &str =
        "name a checkout of the application, with web/crux, web/crux-ui and web/kratos, with --repo";
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository whose frontend has this lockfile.
    fn repository(lockfile: Option<&str>) -> (tempfile::TempDir, Project) {
        let dir = tempfile::tempdir().unwrap();
        let part = dir.path().join("web/crux-ui");
        fs::create_dir_all(&part).unwrap();
        if let Some(lockfile) = lockfile {
            fs::write(part.join(LOCKFILE), lockfile).unwrap();
        }
        let project = Project::find(Some(dir.path())).unwrap();
        (dir, project)
    }

    fn version(lockfile: &str) -> String {
        let (_dir, project) = repository(Some(lockfile));
        project.playwright_version("web/crux-ui").unwrap()
    }

    #[test]
    fn the_version_of_playwright_is_found_in_every_kind_of_lockfile() {
        let first = r#"{"lockfileVersion": 1, "dependencies": {
            "a": {"version": "9.9.9", "requires": {"playwright": "^9"}, "dependencies": {"playwright": {"version": "9.9.9"}}},
            "playwright-core": {"version": "1.2.3"},
            "@playwright/test": {"version": "1.42.1", "dev": true, "requires": {"playwright": "1.42.1"}},
            "playwright": {"version": "1.2.3"}}}"#;
        assert_eq!(version(first), "1.42.1");
        let second = r#"{"lockfileVersion": 2, "packages": {
            "": {"devDependencies": {"@playwright/test": "^1.40.0"}},
            "node_modules/@playwright/test": {"version": "1.42.1", "bin": {"playwright": "cli.js"}}},
            "dependencies": {"@playwright/test": {"version": "1.42.1"}}}"#;
        assert_eq!(version(second), "1.42.1");
        let third = "\u{feff}{\"lockfileVersion\": 3, \"packages\": {\"node_modules/x/node_modules/playwright\": {\"version\": \"9.9.9\"},
            \"node_modules/playwright\": {\"version\": \"1.65.1\"}, \"node_modules/playwright-core\": {\"version\": \"1.2.3\"}}}";
        assert_eq!(version(third), "1.65.1");
        let core =
            r#"{"packages": {"node_modules/playwright-core": {"version": "1.43.0-beta-1710000000000"}}}"#;
        assert_eq!(version(core), "1.43.0-beta-1710000000000");
    }

    #[test]
    fn what_is_wrong_with_a_lockfile() {
        let wrong = [
            None,
            Some(r#"{"packages": {"": {"devDependencies": {"@playwright/test": "1.42.1"}}}}"#),
            Some(
                r#"{"packages": {"node_modules/@playwright/test": {"version": "git+ssh://x:hunter2@y/z#1"}}}"#,
            ),
            Some(r#"{"packages": {"node_modules/@playwright/test": {"version": "1.42"}}}"#),
            Some("{\n\"packages\": {,"),
            Some("{\n\"packages\": 1}"),
        ];
        let texts = wrong.map(|lockfile| {
            let (dir, project) = repository(lockfile);
            let error = project.playwright_version("web/crux-ui").unwrap_err();
            assert_eq!(error.exit_code(), 2);
            error.to_string().replace(&dir.path().display().to_string(), "REPO")
        });
        insta::assert_snapshot!(texts.join("\n"));
    }
}
