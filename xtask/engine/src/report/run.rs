//! A run as its events tell it: what a reporter shows, a record keeps, and a report draws.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::event::{
    Event, LeftService, MadeBefore, Outcome, ServiceState, StepKind, TestCounts, TestFailure,
};
use crate::results::Suite;

/// Lines with errors that are kept of each service.
const ERRORS: usize = 50;
/// Bytes of one piece of output in which errors are looked for.
const LOOKED_AT: usize = 16 * 1024;
/// The most of one such line, in characters.
const ERROR_LENGTH: usize = 500;

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

impl Step {
    /// Whether it runs now.
    pub fn is_running(&self) -> bool {
        self.started.is_some() && self.ended.is_none()
    }

    fn planned(planned: &crate::event::PlannedStep) -> Self {
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

    fn step(&mut self, id: &str, step: &str, kind: StepKind) -> &mut Step {
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

impl Run {
    /// Takes one more event; `at` is in seconds since the run began.
    pub fn apply(&mut self, at: f64, event: &Event) {
        match event {
            Event::RunStarted { schema, run, task, command, unix } => {
                self.schema = *schema;
                self.run.clone_from(run);
                self.task.clone_from(task);
                self.command.clone_from(command);
                self.unix = *unix;
            }
            Event::Notice { text } => self.notices.push(text.clone()),
            Event::StandIn { image, tag, differs } => {
                self.stand_ins.push(format!("{tag} stands in for {image}: {differs}"));
            }
            Event::Pull { image, current, total, done } => {
                let pull = self.pull(at, image);
                (pull.current, pull.total) = (*current, *total);
                pull.ended = done.then_some(at);
            }
            Event::Service { service, state, seconds } => self.service_came(at, service, state, *seconds),
            Event::ServiceLog { service, text } => self.service_said(at, service, text),
            Event::ServiceFailed { service, why, tail, log } => {
                let (why, tail, log) = (why.clone(), tail.clone(), log.clone());
                self.service(service).failure = Some(ServiceFailure { why, tail, log });
            }
            Event::ServicesLeft { session, engine, services } => {
                let (session, engine) = (session.clone(), engine.clone());
                self.left = Some(Left { session, engine, services: services.clone() });
            }
            Event::TestFinished { .. } => self.tests.extend(Test::of(at, event)),
            Event::Artifacts { pipeline, folder, entries } => {
                let artifacts = Some((folder.clone(), entries.clone()));
                match self.tests.iter_mut().rev().find(|test| test.pipeline == *pipeline) {
                    Some(test) => test.artifacts = artifacts,
                    None => self.logs = artifacts,
                }
            }
            Event::RunFinished { exit_code, seconds, error } => {
                self.end = Some(End { exit_code: *exit_code, seconds: *seconds, error: error.clone() });
            }
            _ => self.apply_to_pipeline(at, event),
        }
    }

    fn apply_to_pipeline(&mut self, at: f64, event: &Event) {
        match event {
            Event::PipelineStarted { pipeline } => {
                let name = pipeline.clone();
                self.pipelines.push(Pipeline { name, started: at, ..Pipeline::default() });
            }
            Event::StepsPlanned { pipeline, steps } => {
                let pipeline = self.pipeline(pipeline);
                for planned in steps {
                    let step = pipeline.step(&planned.id, &planned.step, planned.kind);
                    if step.ended.is_none() {
                        *step = Step { started: step.started, ..Step::planned(planned) };
                    }
                }
            }
            Event::StepStarted { pipeline, id, step, kind } => {
                let step = self.pipeline(pipeline).step(id, step, *kind);
                step.started = Some(at);
                step.ended = None;
            }
            Event::StepLog { pipeline, id, step, text, .. } => {
                let step = self.pipeline(pipeline).step(id, step, StepKind::Exec);
                step.lines += count_lines(text);
            }
            Event::StepFinished { pipeline, id, step, kind, outcome, seconds, facts } => {
                let step = self.pipeline(pipeline).step(id, step, *kind);
                if *seconds > 0.0 && *outcome != Outcome::Cached && step.started.is_none() {
                    step.started = Some((at - seconds).max(0.0));
                }
                step.ended = Some(at);
                step.outcome = Some(outcome.clone());
                step.seconds = *seconds;
                step.facts.clone_from(facts);
            }
            Event::Uploading { pipeline, directory, files, bytes }
            | Event::Uploaded { pipeline, directory, files, bytes, .. } => {
                let suffix = format!(" {directory}");
                let mut steps = self.pipeline(pipeline).steps.iter_mut();
                let upload = |step: &&mut Step| step.kind == StepKind::Upload && step.step.ends_with(&suffix);
                if let Some(step) = steps.find(upload) {
                    step.sent = (*files, *bytes);
                    step.started = step.started.or(Some(at));
                }
            }
            Event::StepFailed { pipeline, step, exit_code, tail, log } => {
                let mut steps = self.pipeline(pipeline).steps.iter_mut().rev();
                if let Some(failed) = steps.find(|known| known.step == *step) {
                    let (tail, log) = (tail.clone(), log.clone());
                    failed.failure = Some(StepFailure { exit_code: *exit_code, tail, log });
                }
            }
            Event::PipelineFinished { pipeline, passed, error, .. } => {
                let pipeline = self.pipeline(pipeline);
                pipeline.ended = Some(at);
                pipeline.passed = *passed;
                pipeline.error.clone_from(error);
            }
            _ => {}
        }
    }

    /// The last pipeline of this name: one may run several times.
    fn pipeline(&mut self, name: &str) -> &mut Pipeline {
        let at = self.pipelines.iter().rposition(|known| known.name == name).unwrap_or_else(|| {
            self.pipelines.push(Pipeline { name: name.to_owned(), ..Pipeline::default() });
            self.pipelines.len() - 1
        });
        &mut self.pipelines[at]
    }

    fn service(&mut self, name: &str) -> &mut Service {
        let at = self.services.iter().position(|known| known.name == name).unwrap_or_else(|| {
            self.services.push(Service { name: name.to_owned(), ..Service::default() });
            self.services.len() - 1
        });
        &mut self.services[at]
    }

    fn service_came(&mut self, at: f64, name: &str, state: &ServiceState, seconds: f64) {
        let service = self.service(name);
        if let ServiceState::Creating { pipeline, needs } = state {
            service.pipeline.clone_from(pipeline);
            service.needs.clone_from(needs);
        }
        if matches!(state, ServiceState::Ready | ServiceState::Completed) {
            service.seconds = seconds;
        }
        service.states.push((at, state.clone()));
    }

    fn service_said(&mut self, at: f64, name: &str, text: &str) {
        let service = self.service(name);
        service.lines += count_lines(text);
        // Of a program that prints without measure only the latest is looked at.
        let mut from = text.len().saturating_sub(LOOKED_AT);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        for line in text[from..].lines() {
            if tells_of_an_error(line) {
                if service.errors.len() == ERRORS {
                    service.errors.pop_front();
                }
                let plain = anstream::adapter::strip_str(line).to_string();
                service.errors.push_back((at, plain.chars().take(ERROR_LENGTH).collect()));
            }
        }
    }

    fn pull(&mut self, at: f64, image: &str) -> &mut Pull {
        let at = self.pulls.iter().position(|known| known.image == image).unwrap_or_else(|| {
            let image = image.to_owned();
            self.pulls.push(Pull { image, started: at, ended: None, current: 0, total: 0 });
            self.pulls.len() - 1
        });
        &mut self.pulls[at]
    }
}

impl Test {
    fn of(at: f64, event: &Event) -> Option<Self> {
        let Event::TestFinished {
            pipeline,
            id,
            step,
            exit_code,
            cached,
            before,
            timed_out,
            broken,
            counts,
            failures,
            suites,
            tail,
            log,
        } = event.clone()
        else {
            return None;
        };
        Some(Self {
            at,
            pipeline,
            id,
            step,
            exit_code,
            cached,
            before,
            timed_out,
            broken,
            counts,
            failures,
            suites,
            tail,
            log,
            artifacts: None,
        })
    }
}

fn count_lines(text: &str) -> u64 {
    let ends = text.matches('\n').count() as u64;
    ends + u64::from(!text.is_empty() && !text.ends_with('\n'))
}

/// Whether a line of a log is of something that went wrong, as far as its words tell.
pub(super) fn tells_of_an_error(line: &str) -> bool {
    const WORDS: [&str; 5] = ["error", "fatal", "panic", "exception", "unhandled"];
    const HARMLESS: [&str; 5] = ["no error", "0 error", "error=null", "\"error\":null", "without error"];
    let line = line.to_lowercase();
    WORDS.iter().any(|word| line.contains(word)) && !HARMLESS.iter().any(|text| line.contains(text))
}
