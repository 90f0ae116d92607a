//! An application whose parts are a few lines each, around the real database, Kratos, mail catcher
//! and Traefik: for what goes wrong when a stack runs.

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::engine::{docker, with_label};
use crate::fault::{wait_until, wait_until_dead};
use crate::{Fixture, OwnEngine, Run, Started};

const SERVE_JS: &str = include_str!("application/serve.js");
const SERVER_JS: &str = include_str!("application/server.js");
const BUILD_JS: &str = include_str!("application/build.js");
/// One whose stand-in is made where no registry is.
const PLAYWRIGHT: &str = "1.65.1";
/// Where xtask keeps what outlives a run, and below it the id of the machine.
const STATE: &str = "XDG_STATE_HOME";

/// An application of a test's own, on a machine of its own as far as xtask can tell: what its runs
/// have in the engine bears a host's id that nobody else has, and no other run sweeps it. Only the
/// ports are those of the one machine, for all of them. Gone with it, also from the engine.
pub struct Application {
    repo: Fixture,
}

impl Default for Application {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Application {
    type Target = Fixture;

    fn deref(&self) -> &Fixture {
        &self.repo
    }
}

impl Application {
    /// One that is well.
    pub fn new() -> Self {
        let repo = Fixture::bare();
        let scripts = json!({
            "build": "node --check serve.js", "prisma:gen": "true",
            "prisma:migrate": "node prisma/migrate.js", "start:prod": "node serve.js",
        });
        manifests(&repo, "web/crux", &scripts);
        repo.write("web/crux/prisma/schema.prisma", "");
        repo.write("web/crux/prisma/migrate.js", "console.log('no migration is left to do')\n");
        repo.write("web/crux/serve.js", SERVE_JS);
        repo.write(
            "web/crux/.env",
            "DATABASE_URL=\"postgresql://crux:hunter2@localhost:5432/crux?schema=public\"\n",
        );
        let scripts = json!({
            "build": "node build.js", "start:prod": "exec node .next/standalone/server.js",
            "test:e2e": "node e2e/run.js",
        });
        manifests(&repo, "web/crux-ui", &scripts);
        repo.write("web/crux-ui/build.js", BUILD_JS);
        repo.write("web/crux-ui/server.js", SERVER_JS);
        repo.write("web/crux-ui/e2e/run.js", "console.log('begun')\n");
        crate::fixture::copy(&crate::fixture::sample_folder().join("web/kratos"), &repo.path("web/kratos"));
        Self::of(repo)
    }

    /// The sample, whole.
    pub fn sample() -> Self {
        Self::of(Fixture::sample())
    }

    fn of(repo: Fixture) -> Self {
        let state = repo.path(".state/xtask");
        fs::create_dir_all(&state).expect("a folder");
        symlink(crate::state_of_user("ports"), state.join("ports")).expect("a link");
        Self { repo }
    }

    /// Adds lines to the backend's server.
    pub fn serve_also(&self, lines: &str) {
        self.write("web/crux/serve.js", &format!("{SERVE_JS}{lines}\n"));
    }

    /// Where its machine's state is.
    pub fn state(&self) -> PathBuf {
        self.path(".state")
    }

    /// Runs a task on it.
    pub fn run(&self, args: &[&str]) -> Run {
        self.start(args).finish()
    }

    /// Starts a task on it.
    pub fn start(&self, args: &[&str]) -> Started {
        let state = self.state().display().to_string();
        self.repo.start_with(args, &[(STATE, &state)])
    }

    /// The same, after shell commands in a mount namespace of its own; see [`Fixture::run_after`].
    #[track_caller]
    pub fn run_after(&self, before: &str, args: &[&str]) -> Run {
        let state = format!("export {STATE}='{}'\n", self.state().display());
        self.repo.run_after(&(state + before), args)
    }

    /// Starts a task beside an engine of the test's own.
    pub fn start_beside(&self, engine: &OwnEngine, args: &[&str]) -> Started {
        let (address, record) = (engine.address(), self.new_record());
        let line = self.command_line(&[args, &["--engine", &address]].concat(), &record);
        let mut command = engine.beside(&line);
        command.env(STATE, self.state());
        Started::of(command, &record)
    }

    /// Starts `crux` and waits until it is ready.
    #[track_caller]
    pub fn start_crux(&self) -> Started {
        let mut started = self.start(&["crux"]);
        started.wait_until_ready("crux");
        started
    }

    /// The id of its machine, once there is one.
    pub fn host(&self) -> Option<String> {
        fs::read_to_string(self.state().join("xtask/host")).ok()
    }

    /// What its runs have in the engine, by name; not the data that are kept.
    pub fn in_engine(&self) -> Vec<String> {
        self.all_in_engine().into_iter().filter(|name| !self.data().contains(name)).collect()
    }

    /// The volumes that are kept for it.
    pub fn data(&self) -> Vec<String> {
        let Some(host) = self.host() else { return Vec::new() };
        let (kind, host) = ("label=xtask.kind=kept", format!("label=xtask.host={host}"));
        let listed = docker(&["volume", "ls", "--quiet", "--filter", kind, "--filter", &host]);
        listed.lines().map(str::to_owned).collect()
    }

    /// All that is in the engine for it, by name.
    pub fn all_in_engine(&self) -> Vec<String> {
        self.host().map(|host| with_label("xtask.host", &host)).unwrap_or_default()
    }

    /// The processes of xtask that work on it, watchdogs included.
    pub fn processes(&self) -> Vec<u32> {
        let ours = format!("{STATE}={}\0", self.state().display());
        let is_ours = |process: &Path| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&ours)
        };
        let processes = fs::read_dir("/proc").expect("/proc").flatten().map(|process| process.path());
        let pid = |process: PathBuf| process.file_name()?.to_str()?.parse().ok();
        processes.filter(|process| is_ours(process)).filter_map(pid).collect()
    }

    /// Waits until no process of xtask works on it any more, the watchdogs included.
    #[track_caller]
    pub fn wait_for_processes(&self) {
        wait_until("the end of xtask and its watchdogs", || self.processes().is_empty().then_some(()));
    }
}

impl Application {
    /// Kills all processes of xtask that work on it, the watchdogs, too.
    pub fn kill(&self) {
        let processes = self.processes();
        if !processes.is_empty() {
            let ids = processes.iter().map(ToString::to_string);
            let _ = Command::new("kill").arg("-KILL").args(ids).status();
        }
        processes.into_iter().for_each(wait_until_dead);
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.kill(); // those of a test that failed; a watchdog would remove what it can see now
        let Some(host) = self.host() else { return };
        let filter = format!("label=xtask.host={host}");
        for (list, remove) in [
            (["ps", "--all", "--quiet"].as_slice(), ["rm", "--force", "--volumes"].as_slice()),
            (&["network", "ls", "--quiet"], &["network", "rm"]),
            (&["volume", "ls", "--quiet"], &["volume", "rm"]),
        ] {
            let found = docker(&[list, &["--filter", &filter]].concat());
            let found: Vec<&str> = found.lines().collect();
            if !found.is_empty() {
                docker(&[remove, &found].concat());
            }
        }
    }
}

/// A part that needs no package. Its lockfile names a Playwright where npm 7 and newer do not look.
fn manifests(repo: &Fixture, folder: &str, scripts: &serde_json::Value) {
    let name = folder.replace('/', "-");
    let manifest = json!({ "name": name, "version": "1.0.0", "private": true, "scripts": scripts });
    let lock = json!({
        "name": name, "version": "1.0.0", "lockfileVersion": 3, "requires": true,
        "packages": { "": { "name": name, "version": "1.0.0" } },
        "dependencies": { "@playwright/test": { "version": PLAYWRIGHT } },
    });
    repo.write(&format!("{folder}/package.json"), &manifest.to_string());
    repo.write(&format!("{folder}/package-lock.json"), &lock.to_string());
}
