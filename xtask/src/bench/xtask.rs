//! The contestant that is ours: `test-ui`, as the binary and as `cargo xtask`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use super::Bench;
use crate::project::workspace;

/// `test-ui` of one repository.
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

    fn arguments(&self, command: &mut Command) {
        command
            .args(["test-ui", "--color=never", "--engine", &self.engine, "--repo"])
            .arg(&self.repo)
            .arg("--record")
            .arg(&self.record)
            .arg("--")
            .arg(cache_directory(&self.marker));
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
