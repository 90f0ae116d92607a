//! Turborepo, without containers: replays a `test` task that it has cached, of the same folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::json;

use super::{Bench, fixtures, measure, tools};

/// `turbo run test` in a copy of one folder.
pub struct Turbo {
    binary: PathBuf,
    folder: PathBuf,
}

impl Turbo {
    /// Copies `folder` into a git repository whose test task prints `output`.
    ///
    /// # Errors
    /// If there is no turbo to be had, or no git.
    pub fn new(bench: &Bench<'_>, folder: &Path, output: &Path) -> anyhow::Result<Self> {
        let binary = tools::turbo(bench)?;
        let copy = bench.scratch.join("turbo");
        fixtures::copy(folder, &copy)?;
        fs::copy(output, copy.join("test-output.txt")).context("cannot copy the output of the tests")?;
        fixtures::edit_manifest(&copy, |manifest| {
            manifest["scripts"] = json!({ "test": "cat test-output.txt" });
            manifest["packageManager"] = json!("npm@10.8.2"); // turbo insists on one
        })?;
        fs::write(copy.join("turbo.json"), r#"{"tasks":{"test":{"outputs":[]}}}"#)?;
        fs::write(copy.join(".gitignore"), "node_modules\n.turbo\n")?;
        fixtures::commit(&copy)?;
        let turbo = Self { binary, folder: copy };
        measure::time(&mut turbo.command())?; // the run that fills its cache
        Ok(turbo)
    }

    /// The native binary, not npm's wrapper around it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(["run", "test"])
            .current_dir(&self.folder)
            .env("TURBO_TELEMETRY_DISABLED", "1")
            .env("DO_NOT_TRACK", "1")
            .env("TURBO_NO_UPDATE_NOTIFIER", "1");
        command
    }
}
