//! The same stack under Docker Compose: images, commands, dependencies and health checks are ours,
//! with a look at health every 100 ms, so that Compose is at its best.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::{Bench, measure, tools};

mod planned;

/// Between two looks at a container's health: Docker's own default is 30 s.
const HEALTH_INTERVAL: &str = "100ms";
/// A check that hangs is ended after that.
const HEALTH_TIMEOUT: &str = "5s";
/// A container may be long on its way: it is not given up for a check that fails.
const HEALTH_RETRIES: u32 = 10_000;
/// Seconds after which the whole stack is.
const UP_TIMEOUT: &str = "600";

/// A stack as Compose is told of it.
#[derive(Clone, Default)]
pub struct Stack {
    /// Its services and jobs.
    pub parts: Vec<Part>,
    /// On each container, network and volume, so that what is left of a benchmark that was killed
    /// is known.
    pub labels: Vec<(String, String)>,
}

/// A service, or a job that runs to its end. What a field does not say, the image does.
#[derive(Clone, Default)]
pub struct Part {
    /// The name under which the others find it.
    pub name: String,
    /// An image that the engine has.
    pub image: String,
    /// The entry point, if it is not the image's.
    pub entrypoint: Option<Vec<String>>,
    /// The command, if it is not the image's.
    pub command: Option<Vec<String>>,
    /// Variables.
    pub environment: Vec<(String, String)>,
    /// What must be there before it starts.
    pub needs: Vec<(String, Condition)>,
    /// The command whose success says that it is ready; without one it is when it runs.
    pub health: Option<Vec<String>>,
    /// The user, if it is not the image's.
    pub user: Option<String>,
    /// The working directory, if it is not the image's.
    pub workdir: Option<String>,
    /// The signal that asks it to end, if it is not the image's.
    pub stop_signal: Option<String>,
    /// More names under which the others find it.
    pub aliases: Vec<String>,
    /// Volumes, by name, and where they are in the container.
    pub volumes: Vec<(String, String)>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The service is healthy.
    Healthy,
    /// The job has ended with exit code 0.
    Completed,
}

/// Compose, and a stack's file.
pub struct Compose {
    program: Vec<OsString>,
    engine: String,
    file: PathBuf,
    project: String,
    parts: BTreeSet<String>,
    is_up: Cell<bool>,
}

/// How long it took until a stack was there, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Up {
    /// Until Compose had said of every part that it is healthy, or has ended if it is a job.
    pub healthy: f64,
    /// Until the command came back.
    pub end: f64,
}

impl Compose {
    /// Makes sure of Compose and writes the stack's file. Nothing starts yet.
    ///
    /// # Errors
    /// If there is no Compose to be had, or the file cannot be written.
    pub fn new(bench: &Bench<'_>, name: &str, stack: &Stack) -> anyhow::Result<Self> {
        let folder = bench.scratch.join("compose");
        let project = format!("{}-{name}", bench.marker);
        Self::with_program(tools::compose(bench)?, bench.engine.clone(), &folder, project, stack)
    }

    fn with_program(
        program: Vec<OsString>,
        engine: String,
        folder: &Path,
        project: String,
        stack: &Stack,
    ) -> anyhow::Result<Self> {
        // A folder of its own: Compose reads the .env beside a file.
        let file = folder.join(&project).join("compose.json");
        fs::create_dir_all(folder.join(&project))?;
        write(&file, &serde_json::to_vec_pretty(&stack.file(&project))?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        let parts = stack.parts.iter().map(|part| part.name.clone()).collect();
        Ok(Self { program, engine, file, project, parts, is_up: Cell::new(false) })
    }

    /// `up --wait`.
    ///
    /// # Errors
    /// If Compose fails, with the end of what it said.
    pub fn up(&self) -> anyhow::Result<Up> {
        self.is_up.set(true);
        let mut missing = self.parts.clone();
        let mut healthy = None;
        let mut command = self.command();
        command.args(["up", "--detach", "--wait", "--wait-timeout", UP_TIMEOUT]);
        let end = measure::time_with_lines(&mut command, |seconds, line| {
            if let Some(part) = ready(line, &self.project) {
                missing.remove(part);
                if missing.is_empty() {
                    healthy.get_or_insert(seconds);
                }
            }
        })?;
        Ok(Up { healthy: healthy.unwrap_or(end), end })
    }

    /// `down -v --timeout 1`: seconds until all is gone.
    ///
    /// # Errors
    /// If Compose fails, with the end of what it said.
    pub fn down(&self) -> anyhow::Result<f64> {
        let seconds = measure::time(self.command().args(["down", "--volumes", "--timeout", "1"]))?;
        self.is_up.set(false);
        Ok(seconds)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program[0]);
        command.args(&self.program[1..]).env("DOCKER_HOST", &self.engine).env_remove("DOCKER_CONTEXT");
        // COMPOSE_FILE, COMPOSE_PROFILES and their like are for somebody else's stack.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("COMPOSE_")) {
                command.env_remove(name);
            }
        }
        command.args(["--ansi=never", "--progress=plain", "--file"]).arg(&self.file);
        command
    }
}

/// A benchmark that ends in the middle leaves nothing.
impl Drop for Compose {
    fn drop(&mut self) {
        if self.is_up.get() {
            let _ = self.down();
        }
    }
}

/// The part of which a line says that it is there: ` Container PROJECT-crux-1  Healthy`.
fn ready<'a>(line: &'a str, project: &str) -> Option<&'a str> {
    let mut words = line.split_whitespace();
    let ("Container", container, "Healthy" | "Exited") = (words.next()?, words.next()?, words.next()?) else {
        return None;
    };
    container.strip_prefix(project)?.strip_prefix('-')?.strip_suffix("-1")
}

impl Stack {
    /// The file, as JSON, which is YAML. (<https://docs.docker.com/reference/compose-file/>)
    fn file(&self, project: &str) -> Value {
        let labels: Map<String, Value> =
            self.labels.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let services: Map<String, Value> =
            self.parts.iter().map(|part| (part.name.clone(), part.service(&labels))).collect();
        let names = self.parts.iter().flat_map(|part| &part.volumes).map(|(name, _)| name.clone());
        let volumes: Map<String, Value> = names.map(|name| (name, json!({ "labels": &labels }))).collect();
        json!({
            "name": project,
            "services": services,
            "networks": { "default": { "labels": labels } },
            "volumes": volumes,
        })
    }
}

impl Part {
    fn service(&self, labels: &Map<String, Value>) -> Value {
        let environment: Map<String, Value> =
            self.environment.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let needs: Map<String, Value> = self
            .needs
            .iter()
            .map(|(name, condition)| (name.clone(), json!({ "condition": condition.word() })))
            .collect();
        let volumes = self.volumes.iter().map(|(name, path)| text(&format!("{name}:{path}")));
        let mut service = json!({
            "image": self.image,
            "pull_policy": "never",
            "environment": environment,
            "depends_on": needs,
            "networks": { "default": { "aliases": self.aliases } },
            "volumes": volumes.collect::<Vec<_>>(),
            "labels": labels,
        });
        if let Some(entrypoint) = &self.entrypoint {
            service["entrypoint"] = texts(entrypoint);
        }
        if let Some(command) = &self.command {
            service["command"] = texts(command);
        }
        let others =
            [("user", &self.user), ("working_dir", &self.workdir), ("stop_signal", &self.stop_signal)];
        for (key, value) in others {
            if let Some(value) = value {
                service[key] = text(value);
            }
        }
        if let Some(health) = &self.health {
            let test = [&["CMD".to_owned()], health.as_slice()].concat();
            service["healthcheck"] = json!({
                "test": texts(&test),
                "interval": HEALTH_INTERVAL,
                "timeout": HEALTH_TIMEOUT,
                "retries": HEALTH_RETRIES,
            });
        }
        service
    }
}

impl Condition {
    fn word(self) -> &'static str {
        match self {
            Self::Healthy => "service_healthy",
            Self::Completed => "service_completed_successfully",
        }
    }
}

/// A text as Compose's file has it: a `$` alone would be a variable of the host.
fn text(value: &str) -> Value {
    value.replace('$', "$$").into()
}

fn texts(values: &[String]) -> Value {
    values.iter().map(|value| text(value)).collect()
}

/// Writes a file that only its owner can read: its variables are secrets.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests;
