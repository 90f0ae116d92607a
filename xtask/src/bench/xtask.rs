//! The contestant that is ours: `test-ui`, as the binary and as `cargo xtask`; and `e2e`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use super::Bench;
use crate::project::workspace;

/// The tasks of one repository.
pub struct Xtask {
    repo: PathBuf,
    record: PathBuf,
    engine: String,
    marker: String,
    binary: PathBuf,
}

impl Xtask {
    /// The program that runs now is the one that is measured.
    pub fn new(bench: &Bench<'_>, repo: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            repo: repo.to_path_buf(),
            record: bench.scratch.join("record"),
            engine: bench.engine.clone(),
            marker: bench.marker.clone(),
            binary: std::env::current_exe().context("cannot tell which program this is")?,
        })
    }

    /// The binary.
    pub fn binary(&self) -> Command {
        let mut command = Command::new(&self.binary);
        self.arguments(&mut command);
        command
    }

    /// What a person types.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(workspace()).arg("xtask");
        self.arguments(&mut command);
        command
    }

    /// The binary with `e2e`; `args` are for Playwright.
    pub fn e2e(&self, args: &[String]) -> Command {
        let mut command = Command::new(&self.binary);
        self.task(&mut command, "e2e");
        command.args(args);
        command
    }

    fn arguments(&self, command: &mut Command) {
        self.task(command, "test-ui");
        command.arg(cache_directory(&self.marker));
    }

    /// What is left to be said are the arguments of the tests.
    fn task(&self, command: &mut Command, task: &str) {
        command
            .args([task, "--color=never", "--engine", &self.engine, "--repo"])
            .arg(&self.repo)
            .arg("--record")
            .arg(&self.record)
            .arg("--");
    }

    /// The events of the last run.
    pub fn events(&self) -> anyhow::Result<Vec<Value>> {
        let path = self.record.join("events.jsonl");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        text.lines().map(|line| serde_json::from_str(line).context("an event is no JSON")).collect()
    }

    /// Files that the last run sent.
    pub fn files_sent(&self) -> anyhow::Result<u64> {
        let uploads = self.events()?.into_iter().filter(|event| event["event"] == "uploaded");
        Ok(uploads.filter_map(|upload| upload["files"].as_u64()).sum())
    }

    /// Images that the last run put into the engine.
    pub fn exported(&self) -> anyhow::Result<Vec<String>> {
        let exported = self.events()?.into_iter().filter(|event| event["event"] == "image_exported");
        Ok(exported.filter_map(|event| event["image"].as_str().map(str::to_owned)).collect())
    }

    /// Pipelines of which the last run ran a step in a container or made files.
    pub fn built(&self) -> anyhow::Result<BTreeSet<String>> {
        let ran = |event: &Value| {
            event["event"] == "step_finished"
                && event["outcome"]["kind"] == "ran"
                && (event["kind"] == "exec" || event["kind"] == "file")
        };
        let events = self.events()?.into_iter().filter(ran);
        Ok(events.filter_map(|event| event["pipeline"].as_str().map(str::to_owned)).collect())
    }

    /// Seconds from the start of the last run to the first `event` of its test.
    pub fn test_at(&self, event: &str) -> anyhow::Result<f64> {
        let is_it = |said: &Value| said["event"] == event && said["kind"] == "test";
        let said = self.events()?.into_iter().find(is_it);
        said.and_then(|said| said["at"].as_f64())
            .with_context(|| format!("the run told no {event} of its test"))
    }

    /// The image that the last run began from: the application's, or what stood in for it.
    pub fn image(&self) -> anyhow::Result<String> {
        let events = self.events()?;
        let stand_in = events.iter().find(|event| event["event"] == "stand_in");
        let tag = stand_in.and_then(|event| event["tag"].as_str()).map(str::to_owned);
        Ok(tag.unwrap_or_else(|| crate::images::node().name().to_owned()))
    }

    /// The complete output of the last run's tests.
    pub fn test_output(&self) -> PathBuf {
        self.record.join("test-ui/output.log")
    }
}

/// An argument that does no harm to jest and makes a test command one of this run.
pub fn cache_directory(marker: &str) -> String {
    format!("--cacheDirectory=/tmp/{marker}")
}
