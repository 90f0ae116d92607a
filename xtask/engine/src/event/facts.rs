//! What events are made of.

use serde::{Deserialize, Serialize};

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Outcome {
    /// The engine said in this run's status that the result came from its cache.
    Cached,
    /// It ran in this run.
    Ran,
    /// It was done by another run of the same work at the same time; the engine reports no more than that.
    Shared,
    /// Nothing had to be done: an image that the engine has, a directory that did not change.
    Unchanged,
    /// It failed, with the engine's own words.
    Failed {
        /// What the engine said.
        error: String,
    },
    /// It was stopped before it ended.
    Canceled,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A base image.
    Image,
    /// A directory of the host, sent to the engine.
    Upload,
    /// Files made or copied inside the engine.
    File,
    /// A command in a container.
    Exec,
    /// A command whose failure is a result: a test.
    Test,
}

/// How far a service or a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ServiceState {
    /// Its container is there; it waits for others.
    Waiting {
        /// Names of those that are not ready yet.
        needs: Vec<String>,
    },
    /// Its image is had and its container made.
    Creating {
        /// The pipeline that makes its image.
        pipeline: String,
        /// Names of the services that must be ready before it starts.
        needs: Vec<String>,
    },
    /// It runs and is not ready yet.
    Starting {
        /// What shows that it is ready, as a person would say it; empty for a job.
        probe: String,
    },
    /// It is ready.
    Ready,
    /// It is a job and ended well.
    Completed,
    /// It failed.
    Failed,
    /// It is being ended, for nobody needs it any more.
    Stopping,
}

/// A service that was left running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftService {
    /// Its name.
    pub service: String,
    /// The name of its container.
    pub container: String,
    /// Where it listens, if it can be reached from here: `172.18.0.2:8000`.
    pub addresses: Vec<String>,
}

/// The tests of one step, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TestCounts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were skipped or are still to be written.
    pub skipped: u64,
}

/// One failed test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TestFailure {
    /// The test's full name.
    pub name: String,
    /// The file it is in, as the tool named it.
    pub file: String,
    /// The line in it, from 1, if the tool told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// When it began, in seconds since 1970, if the tool told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<f64>,
    /// Seconds it took.
    #[serde(default)]
    pub seconds: f64,
    /// Why it failed: the tool's own message, without colours.
    pub message: String,
    /// Arguments for the test command that run just this test again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rerun: Vec<String>,
    /// The command that does so, as a person types it; empty if nobody knows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub again: String,
}

impl TestFailure {
    /// Where it is, as editors take it: `web/crux/src/a.spec.ts:12`.
    pub fn place(&self) -> String {
        self.line.map_or_else(|| self.file.clone(), |line| format!("{}:{line}", self.file))
    }
}

/// A step of a pipeline, before it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlannedStep {
    /// The operation's digest; for a test among services something that is its own.
    pub id: String,
    /// What it does.
    pub step: String,
    /// What it is.
    pub kind: StepKind,
    /// The ids of those steps of the same pipeline that come just before it.
    pub needs: Vec<String>,
    /// The services that must be ready first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
}

/// When a result that came from the cache was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MadeBefore {
    /// When the command ended, in seconds since 1970.
    pub ended: f64,
    /// Seconds it took.
    pub seconds: f64,
}
