//! All that a run says, as one enum. The engine emits events and never prints; reporters listen.

mod emitter;
mod facts;

use serde::{Deserialize, Serialize};

pub use emitter::{Events, Reporter, blocking};
pub use facts::{
    LeftService, MadeBefore, Outcome, PlannedStep, ServiceState, StepKind, TestCounts, TestFailure,
};

use crate::results::Suite;

/// The version of the form of events, in a record and in `--progress json`. It grows when something
/// that was there is no longer, or means something else; what is new may come at any time.
pub const SCHEMA: u32 = 1;

/// One thing that a run says. `pipeline` is the name under which it runs, `step` the step's
/// text; `id` is the digest of the step's operation, the same in every run of the same work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A task began.
    RunStarted {
        /// The version of this form: it grows when what was there is gone or means something else.
        #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
        schema: u32,
        /// The run's id: the name of its record's folder.
        run: String,
        /// The task, as it is typed.
        task: String,
        /// Its command line, as typed after `cargo xtask`.
        command: String,
        /// When, in seconds since 1970.
        unix: f64,
        /// The folder of its record.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        record: String,
    },
    /// Something a person should know; not an error.
    Notice {
        /// One sentence.
        text: String,
    },
    /// A detail for `-v`.
    Detail {
        /// One sentence.
        text: String,
    },
    /// A line that a command prints as its result (`doctor`, `cache ls`).
    Output {
        /// The line, without its end.
        line: String,
    },
    /// An image is used in place of another that cannot be had.
    StandIn {
        /// The image the application names.
        image: String,
        /// The image used instead.
        tag: String,
        /// How they differ.
        differs: String,
    },
    /// An image is being pulled.
    Pull {
        /// The image.
        image: String,
        /// Bytes that have come.
        current: u64,
        /// Bytes in all, as far as known.
        total: u64,
        /// It is complete.
        done: bool,
    },
    /// A pipeline began.
    PipelineStarted {
        /// Its name.
        pipeline: String,
    },
    /// What a pipeline is made of, known before any of it runs. Told again, it counts anew.
    StepsPlanned {
        /// The pipeline.
        pipeline: String,
        /// Its steps, each after those it needs.
        steps: Vec<PlannedStep>,
    },
    /// A step began to run.
    StepStarted {
        /// The pipeline.
        pipeline: String,
        /// The operation's digest.
        id: String,
        /// What it does, as a user would say it.
        step: String,
        /// What it is.
        kind: StepKind,
    },
    /// Output of a step.
    StepLog {
        /// The pipeline.
        pipeline: String,
        /// The operation's digest.
        id: String,
        /// The step's text.
        step: String,
        /// Seconds since the step began.
        seconds: f64,
        /// Part of the output: whole lines, except at the end.
        text: String,
    },
    /// A step ended.
    StepFinished {
        /// The pipeline.
        pipeline: String,
        /// The operation's digest.
        id: String,
        /// The step's text.
        step: String,
        /// What it is.
        kind: StepKind,
        /// How it ended.
        outcome: Outcome,
        /// Seconds it took in the engine; 0 when it did not run.
        seconds: f64,
        /// Further facts (`3 files, 14 kB sent`), for people.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        facts: String,
    },
    /// Files of a directory are on their way; at most a few times a second.
    Uploading {
        /// The pipeline.
        pipeline: String,
        /// The directory, as the pipeline names it.
        directory: String,
        /// Files sent so far.
        files: u64,
        /// Bytes sent so far.
        bytes: u64,
    },
    /// A directory was compared with the engine's copy and what differed was sent.
    Uploaded {
        /// The pipeline.
        pipeline: String,
        /// The directory, as the pipeline names it.
        directory: String,
        /// Files and directories in the view.
        entries: u64,
        /// Files sent.
        files: u64,
        /// Bytes sent.
        bytes: u64,
    },
    /// A step that is no test failed; its last lines.
    StepFailed {
        /// The pipeline.
        pipeline: String,
        /// The step's text.
        step: String,
        /// The command's exit code, if it was the command that failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        /// The last lines of its output.
        tail: Vec<String>,
        /// Where the complete output is.
        #[serde(default)]
        log: String,
    },
    /// A test step's result.
    TestFinished {
        /// The pipeline.
        pipeline: String,
        /// The id of its step.
        id: String,
        /// The step's text.
        step: String,
        /// The command's exit code.
        exit_code: i32,
        /// The result came from the cache.
        cached: bool,
        /// When it was made, if it came from the cache and that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<MadeBefore>,
        /// It was stopped by the time limit.
        timed_out: bool,
        /// Why it was stopped, if something that it needs broke.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        broken: Option<String>,
        /// Its tests, if the command reported them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counts: Option<TestCounts>,
        /// Those that failed.
        failures: Vec<TestFailure>,
        /// All tests, by file, if the command reported them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        suites: Vec<Suite>,
        /// The last lines of the output; empty when it passed.
        tail: Vec<String>,
        /// Where the complete output is.
        log: String,
    },
    /// What a pipeline made is in the engine, as the image of a service or a test.
    ImageExported {
        /// The pipeline.
        pipeline: String,
        /// The image's name, with the digest of what made it as its tag.
        image: String,
    },
    /// A service or a job came so far.
    Service {
        /// Its name.
        service: String,
        /// How far.
        state: ServiceState,
        /// Seconds since its container was started; 0 before.
        seconds: f64,
    },
    /// Output of a service or a job: whole lines.
    ServiceLog {
        /// Its name.
        service: String,
        /// The lines.
        text: String,
    },
    /// A service or a job failed, and with it all that needs it.
    ServiceFailed {
        /// Its name.
        service: String,
        /// What went wrong, as a sentence.
        why: String,
        /// Its last lines.
        tail: Vec<String>,
        /// Where all of them are; empty if it never ran.
        log: String,
    },
    /// From now on a person wants to see the output of these services.
    ServicesFollowed {
        /// Their names.
        services: Vec<String>,
    },
    /// All that ran for the session is gone.
    ServicesRemoved {
        /// Containers, networks and volumes that were removed.
        removed: usize,
        /// Seconds it took.
        seconds: f64,
    },
    /// What ran for the session stays, for a person to look at.
    ServicesLeft {
        /// The session, as `clean --session` takes it.
        session: String,
        /// The engine, where somebody named one.
        engine: Option<String>,
        /// Its services, in the order in which they came.
        services: Vec<LeftService>,
    },
    /// The session has a network of its own; all that it has running is on it, and bears its id.
    NetworkCreated {
        /// The session's id, the value of the label `xtask.session`.
        session: String,
        /// The network's name.
        network: String,
    },
    /// What a test among services left for people to look at.
    Artifacts {
        /// The test's name.
        pipeline: String,
        /// The folder they are in.
        folder: String,
        /// Paths in it, each with the number of files if it is a folder.
        entries: Vec<(String, Option<usize>)>,
    },
    /// Files were brought out.
    Exported {
        /// The pipeline.
        pipeline: String,
        /// Where to.
        path: String,
    },
    /// A pipeline ended.
    PipelineFinished {
        /// Its name.
        pipeline: String,
        /// It passed.
        passed: bool,
        /// Seconds it took.
        seconds: f64,
        /// Steps whose result came from the cache.
        cached: u64,
        /// Steps that ran.
        ran: u64,
        /// Why it failed, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// The task ended.
    RunFinished {
        /// The exit code of the process.
        exit_code: i32,
        /// Seconds it took.
        seconds: f64,
        /// Why it failed, if it did: one sentence with its causes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
}
