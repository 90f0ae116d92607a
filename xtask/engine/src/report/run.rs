//! A run as its events tell it: what a reporter shows, a record keeps, and a report draws.

mod fold;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::event::{LeftService, MadeBefore, Outcome, ServiceState, StepKind, TestCounts, TestFailure};
use crate::results::Suite;

/// A folder, and the paths in it, each with the number of files if it is a folder.
pub type Folder = (String, Vec<(String, Option<usize>)>);

/// A run. All times are seconds since it began, unless they say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The version of the form of its events.
    pub schema: u32,
    /// Its id.
    pub run: String,
    /// The task, as it is typed.
    pub task: String,
    /// The command line after `cargo xtask`.
    pub command: String,
    /// When it began, in seconds since 1970.
    pub unix: f64,
    /// The folder of its record.
    #[serde(default)]
    pub record: String,
    /// Its pipelines, in the order in which they began.
    pub pipelines: Vec<Pipeline>,
    /// Its services and jobs, in the order in which they came.
    pub services: Vec<Service>,
    /// Its test commands that ended, in that order.
    pub tests: Vec<Test>,
    /// Images that were pulled.
    pub pulls: Vec<Pull>,
    /// Stand-ins that were used, each as a sentence.
    pub stand_ins: Vec<String>,
    /// What a person should know.
    pub notices: Vec<String>,
    /// The folder of the record and what of its services' logs is in it.
    pub logs: Option<Folder>,
    /// What stays in the engine, for a person to look at.
    pub left: Option<Left>,
    /// Its end; none while it goes on, or when it was killed.
    pub end: Option<End>,
}

/// A pipeline of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// When it began.
    pub started: f64,
    /// When it ended.
    pub ended: Option<f64>,
    /// It passed; false while it goes on.
    pub passed: bool,
    /// Why it failed.
    pub error: Option<String>,
    /// Its steps: in the order of the plan, each after those it needs.
    pub steps: Vec<Step>,
}

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The operation's digest.
    pub id: String,
    /// What it does.
    pub step: String,
    /// What it is.
    pub kind: StepKind,
    /// Ids of the steps just before it.
    pub needs: Vec<String>,
    /// Services that must be ready first.
    pub services: Vec<String>,
    /// When it began, if it ran.
    pub started: Option<f64>,
    /// When its end was told.
    pub ended: Option<f64>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Seconds it took in the engine.
    pub seconds: f64,
    /// Further facts, for people.
    pub facts: String,
    /// Files and bytes that were sent for it so far.
    pub sent: (u64, u64),
    /// Lines that it printed.
    pub lines: u64,
    /// Its exit code and last lines, if it is no test and failed.
    pub failure: Option<StepFailure>,
}

/// Why a step that is no test failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepFailure {
    /// The command's exit code, if it was the command that failed.
    pub exit_code: Option<i32>,
    /// The last lines of its output.
    pub tail: Vec<String>,
    /// Where all of it is.
    pub log: String,
}

/// A service or a job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The pipeline that makes its image.
    pub pipeline: String,
    /// Services that must be ready first.
    pub needs: Vec<String>,
    /// Its states, each with the time it came.
    pub states: Vec<(f64, ServiceState)>,
    /// Seconds from its start until it was ready or completed.
    pub seconds: f64,
    /// Lines that it printed.
    pub lines: u64,
    /// Its last lines that tell of an error, each with its time.
    pub errors: VecDeque<(f64, String)>,
    /// Why it failed, if it did.
    pub failure: Option<ServiceFailure>,
}

/// Why a service failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceFailure {
    /// One sentence.
    pub why: String,
    /// Its last lines.
    pub tail: Vec<String>,
    /// Where all of them are; empty if it never ran.
    pub log: String,
}

/// What was left running.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// The session, as `clean --session` takes it.
    pub session: String,
    /// The engine, where somebody named one.
    pub engine: Option<String>,
    /// Its services, in the order in which they came.
    pub services: Vec<LeftService>,
}

/// A test command that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// When its end was told.
    pub at: f64,
    /// Its pipeline.
    pub pipeline: String,
    /// The id of its step.
    pub id: String,
    /// The step's text.
    pub step: String,
    /// The command's exit code.
    pub exit_code: i32,
    /// The result came from the cache.
    pub cached: bool,
    /// When it was made, if it did.
    pub before: Option<MadeBefore>,
    /// It was stopped by the time limit.
    pub timed_out: bool,
    /// Why something else stopped it.
    pub broken: Option<String>,
    /// Its tests, counted.
    pub counts: Option<TestCounts>,
    /// Those that failed.
    pub failures: Vec<TestFailure>,
    /// All of them, by file.
    pub suites: Vec<Suite>,
    /// The last lines of its output, if it failed.
    pub tail: Vec<String>,
    /// Where all of it is.
    pub log: String,
    /// The folder with what it left for people, and what is in it.
    pub artifacts: Option<Folder>,
}

/// An image that was pulled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pull {
    /// The image.
    pub image: String,
    /// When it began.
    pub started: f64,
    /// When it was complete.
    pub ended: Option<f64>,
    /// Bytes that have come.
    pub current: u64,
    /// Bytes in all, as far as known.
    pub total: u64,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The exit code of the process.
    pub exit_code: i32,
    /// Seconds it took.
    pub seconds: f64,
    /// Why it failed.
    pub error: Option<String>,
}

impl Run {
    /// When it ended, in seconds since 1970; beyond all times while it goes on, or when it was killed.
    pub fn ended(&self) -> f64 {
        self.end.as_ref().map_or(f64::INFINITY, |end| self.unix + end.seconds)
    }
}

impl Step {
    /// Whether it runs now.
    pub fn is_running(&self) -> bool {
        self.started.is_some() && self.ended.is_none()
    }

    pub(super) fn planned(planned: &crate::event::PlannedStep) -> Self {
        let mut step = Self::named(&planned.id, &planned.step, planned.kind);
        step.needs.clone_from(&planned.needs);
        step.services.clone_from(&planned.services);
        step
    }

    fn named(id: &str, step: &str, kind: StepKind) -> Self {
        Self {
            id: id.to_owned(),
            step: step.to_owned(),
            kind,
            needs: Vec::new(),
            services: Vec::new(),
            started: None,
            ended: None,
            outcome: None,
            seconds: 0.0,
            facts: String::new(),
            sent: (0, 0),
            lines: 0,
            failure: None,
        }
    }
}

impl Pipeline {
    /// Steps whose result came from the cache.
    pub fn cached(&self) -> usize {
        self.count(&Outcome::Cached)
    }

    /// Steps that ran.
    pub fn ran(&self) -> usize {
        self.count(&Outcome::Ran)
    }

    fn count(&self, outcome: &Outcome) -> usize {
        self.steps.iter().filter(|step| step.outcome.as_ref() == Some(outcome)).count()
    }

    pub(super) fn step(&mut self, id: &str, step: &str, kind: StepKind) -> &mut Step {
        let at = self.steps.iter().position(|known| known.id == id).unwrap_or_else(|| {
            self.steps.push(Step::named(id, step, kind));
            self.steps.len() - 1
        });
        &mut self.steps[at]
    }
}

impl Service {
    /// How far it is.
    pub fn state(&self) -> Option<&ServiceState> {
        self.states.last().map(|(_, state)| state)
    }

    /// When it came into a state first that `is` accepts.
    pub fn since(&self, is: impl Fn(&ServiceState) -> bool) -> Option<f64> {
        self.states.iter().find(|(_, state)| is(state)).map(|(at, _)| *at)
    }
}
