//! A repository with the application's layout and no dependencies, made for one test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::run::Started;
use crate::{Run, share_cache};

/// A part of the application, and the task that tests it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `web/crux`, tested by `test-crux`.
    Crux,
    /// `web/crux-ui`, tested by `test-ui`.
    CruxUi,
}

impl Part {
    /// Its folder.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Crux => "web/crux",
            Self::CruxUi => "web/crux-ui",
        }
    }

    /// Its task, which is also the name of its pipeline.
    pub fn task(self) -> &'static str {
        match self {
            Self::Crux => "test-crux",
            Self::CruxUi => "test-ui",
        }
    }
}

/// The test command of both parts. Prints a number that no two runs share, then every file in
/// `src`; does what `extra.js` says; reports as jest would; exits with the number in `verdict`.
const TEST_JS: &str = include_str!("fixture/test.js");

/// A repository made for one test; gone with it.
pub struct Fixture {
    dir: TempDir,
    records: AtomicU32,
    _cache: Option<File>,
}

impl Default for Fixture {
    fn default() -> Self {
        Self::new()
    }
}

impl Fixture {
    /// A repository that no earlier run has seen.
    pub fn new() -> Self {
        Self { _cache: Some(share_cache()), ..Self::without_lock() }
    }

    /// A repository for a test that has the engine's cache for itself.
    pub fn without_lock() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let fixture = Self { dir, records: AtomicU32::new(0), _cache: None };
        let token = fixture.root().file_name().expect("a name").to_string_lossy().replace('.', "");
        for part in [Part::Crux, Part::CruxUi] {
            fixture.part(part, &token);
        }
        fixture.write("web/crux/prisma/schema.prisma", &format!("// {token}\n"));
        fixture.write("web/crux/prisma/generate.js", "console.log('generated', process.hrtime.bigint())\n");
        fixture
    }

    /// A copy of the sample application. What of it does not change may come from the cache of earlier
    /// runs.
    pub fn sample() -> Self {
        let fixture = Self::bare();
        copy(&sample_folder(), fixture.root());
        fixture
    }

    /// A repository with nothing in it.
    pub(crate) fn bare() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        Self { dir, records: AtomicU32::new(0), _cache: Some(share_cache()) }
    }

    fn part(&self, part: Part, token: &str) {
        let (folder, task) = (part.folder(), part.task());
        let name = format!("{task}-{}", token.to_lowercase());
        let manifest = serde_json::json!({
            "name": name, "version": "1.0.0", "private": true,
            "scripts": { "test": "node test.js", "prisma:gen": "node prisma/generate.js" },
        });
        let lock = serde_json::json!({
            "name": name, "version": "1.0.0", "lockfileVersion": 3, "requires": true,
            "packages": { "": { "name": name, "version": "1.0.0" } },
        });
        self.write(&format!("{folder}/package.json"), &manifest.to_string());
        self.write(&format!("{folder}/package-lock.json"), &lock.to_string());
        self.write(&format!("{folder}/test.js"), TEST_JS);
        self.write(&format!("{folder}/verdict"), "0");
        self.write(&format!("{folder}/src/value.txt"), token);
    }

    /// The repository's folder.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// A path in it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file, with the folders it is in.
    pub fn write(&self, path: &str, contents: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, contents).expect("a file");
    }

    /// Writes a program, with the folders it is in. By another process: what somebody has open for
    /// writing cannot be run, and any process that another test starts meanwhile would have it open, too.
    pub fn write_program(&self, path: &str, contents: &str) {
        let source = format!("{path}.source");
        self.write(&source, contents);
        let mut install = Command::new("install");
        install.arg("--mode=755").arg(self.path(&source)).arg(self.path(path));
        assert!(install.status().expect("install").success(), "a program at {path}");
    }

    /// Runs a task on this repository.
    pub fn run(&self, args: &[&str]) -> Run {
        self.start(args).finish()
    }

    /// Starts a task on this repository.
    pub fn start(&self, args: &[&str]) -> Started {
        self.start_with(args, &[])
    }

    /// Starts a task with further variables in its environment.
    pub fn start_with(&self, args: &[&str], env: &[(&str, &str)]) -> Started {
        let mut args: Vec<String> = args.iter().map(ToString::to_string).collect();
        // What follows `--` is for the test command.
        let at = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
        let root = self.root().display().to_string();
        args.splice(at..at, ["--repo".to_owned(), root]);
        Started::new(&args, env, self.new_record())
    }

    /// A folder for the record of one run, not there yet.
    pub fn new_record(&self) -> PathBuf {
        self.path(&format!(".runs/{}", self.records.fetch_add(1, Ordering::Relaxed)))
    }
}

/// Where the sample application is.
pub(crate) fn sample_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample")
}

/// Copies the sources of a tree, not what tools made in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        match path.is_dir() {
            _ if name == "node_modules" || name == ".next" || name == "dist" => {}
            true => copy(&path, &to.join(name)),
            false => drop(fs::copy(&path, to.join(name)).expect("a copy")),
        }
    }
}
