//! How long things take: what the records of earlier runs say of it.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::{Run, SUMMARY};
use crate::event::{Outcome, ServiceState, StepKind};

/// Runs that are looked at, the latest first.
const RUNS: usize = 30;
/// Durations of one step that are looked at.
const DURATIONS: usize = 5;

/// What is known of earlier runs. It is read bit by bit, for whoever draws has no time to read files.
#[derive(Debug, Default)]
pub struct History {
    /// Records that have not been read yet; the latest is the last.
    unread: Vec<PathBuf>,
    /// The last durations of what really ran, the latest first.
    durations: HashMap<String, HashMap<String, Vec<f64>>>,
    /// Runs that passed, the latest first.
    passed: Vec<Reference>,
}

/// A run that passed: when what ran in it began and ended, and when all of it ended.
#[derive(Debug)]
struct Reference {
    task: String,
    tests: BTreeSet<String>,
    ran: HashMap<String, (f64, f64)>,
    end: f64,
}

impl History {
    /// That of the runs whose records are in `folder`, without the one named `this`. Nothing is read
    /// yet.
    pub fn of(folder: &Path, this: &str) -> Self {
        let Ok(entries) = fs::read_dir(folder) else { return Self::default() };
        let mut unread: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok())
            .filter(|entry| entry.file_name() != this)
            .map(|entry| entry.path())
            .collect();
        // Names of runs begin with their time.
        unread.sort_unstable();
        unread.drain(..unread.len().saturating_sub(RUNS));
        Self { unread, ..Self::default() }
    }

    /// Reads records for about as long as `budget`.
    pub fn read(&mut self, budget: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < budget
            && let Some(folder) = self.unread.pop()
        {
            // That of a run that was killed, or of another version, tells nothing.
            if let Ok(bytes) = fs::read(folder.join(SUMMARY))
                && let Ok(summary) = serde_json::from_slice(&bytes)
            {
                self.add(&summary);
            }
        }
    }

    /// Whether all records were read.
    pub fn is_read(&self) -> bool {
        self.unread.is_empty()
    }

    /// Seconds that a step of a pipeline usually takes, if it is known: the median of the last times it
    /// really ran.
    pub fn usual(&self, pipeline: &str, step: &str) -> Option<f64> {
        let mut durations = self.durations.get(pipeline)?.get(step)?.clone();
        durations.sort_unstable_by(f64::total_cmp);
        durations.get(durations.len() / 2).copied()
    }

    /// When `run`, which goes on, is likely to end, in seconds since it began: for each thing that runs,
    /// as much later as in the last run of the same tests that passed and in which it ran, too.
    pub fn end(&self, run: &Run, now: f64) -> Option<f64> {
        let tests = tests(&run.pipelines, |pipeline| {
            (&pipeline.name, pipeline.steps.iter().map(|step| (step.kind, &*step.step)).collect())
        });
        let same: Vec<&Reference> =
            self.passed.iter().filter(|passed| passed.task == run.task && passed.tests == tests).collect();
        running(run)
            .filter_map(|(key, began)| {
                let (reference, (from, to)) =
                    same.iter().find_map(|passed| Some((passed, passed.ran.get(&key)?)))?;
                // What takes longer than it did may end at any moment; then comes what came after it.
                Some((began + to - from).max(now) + reference.end - to)
            })
            .max_by(f64::total_cmp)
    }

    fn add(&mut self, summary: &Summary) {
        let mut ran = HashMap::new();
        for pipeline in &summary.pipelines {
            for step in &pipeline.steps {
                if let (Some(Outcome::Ran), Some(from), Some(to)) = (&step.outcome, step.started, step.ended) {
                    ran.insert(step_key(&pipeline.name, &step.step), (from, to));
                    let steps = self.durations.entry(pipeline.name.clone()).or_default();
                    let known = steps.entry(step.step.clone()).or_default();
                    if known.len() < DURATIONS {
                        known.push(to - from);
                    }
                }
            }
        }
        for service in &summary.services {
            let since = |is: fn(&ServiceState) -> bool| {
                service.states.iter().find(|(_, state)| is(state)).map(|(at, _)| *at)
            };
            let from = since(|state| matches!(state, ServiceState::Starting { .. }));
            let to = since(|state| matches!(state, ServiceState::Ready | ServiceState::Completed));
            if let (Some(from), Some(to)) = (from, to) {
                ran.insert(service_key(&service.name), (from, to));
            }
        }
        let Some(End { exit_code: 0, seconds: end }) = summary.end else { return };
        let tests = tests(&summary.pipelines, |pipeline| {
            (&pipeline.name, pipeline.steps.iter().map(|step| (step.kind, &*step.step)).collect())
        });
        self.passed.push(Reference { task: summary.task.clone(), tests, ran, end });
    }
}

/// What runs of a run, and since when.
fn running(run: &Run) -> impl Iterator<Item = (String, f64)> {
    let steps = run.pipelines.iter().filter(|pipeline| pipeline.ended.is_none()).flat_map(|pipeline| {
        let running = pipeline.steps.iter().filter(|step| step.is_running());
        running.map(|step| (step_key(&pipeline.name, &step.step), step.started.unwrap_or_default()))
    });
    let services = run.services.iter().filter_map(|service| {
        let (since, state) = service.states.last()?;
        let is_starting = matches!(state, ServiceState::Starting { .. });
        is_starting.then(|| (service_key(&service.name), *since))
    });
    steps.chain(services)
}

fn step_key(pipeline: &str, step: &str) -> String {
    format!("{pipeline}: {step}")
}

/// No pipeline has an empty name.
fn service_key(service: &str) -> String {
    step_key("", service)
}

/// The tests of a run, whether they ran or not: a run of other tests takes another time.
fn tests<P>(pipelines: &[P], parts: impl Fn(&P) -> (&str, Vec<(StepKind, &str)>)) -> BTreeSet<String> {
    let of_pipeline = |pipeline| {
        let (name, steps) = parts(pipeline);
        let tests: Vec<String> = steps
            .into_iter()
            .filter(|(kind, _)| *kind == StepKind::Test)
            .map(|(_, step)| step_key(name, step))
            .collect();
        tests
    };
    pipelines.iter().flat_map(of_pipeline).collect()
}

/// As much of a [`Run`] as is of use here: to read all of it takes several times as long.
#[derive(Debug, Deserialize)]
struct Summary {
    task: String,
    pipelines: Vec<Pipeline>,
    services: Vec<Service>,
    end: Option<End>,
}

#[derive(Debug, Deserialize)]
struct Pipeline {
    name: String,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    step: String,
    kind: StepKind,
    started: Option<f64>,
    ended: Option<f64>,
    outcome: Option<Outcome>,
}

#[derive(Debug, Deserialize)]
struct Service {
    name: String,
    states: Vec<(f64, ServiceState)>,
}

#[derive(Debug, Deserialize)]
struct End {
    exit_code: i32,
    seconds: f64,
}
