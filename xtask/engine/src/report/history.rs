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
    /// really ran. Of a service, as a step of a pipeline without a name: until it is ready.
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
                if let (Some(Outcome::Ran), Some(from), Some(to)) = (&step.outcome, step.started, step.ended)
                {
                    ran.insert(step_key(&pipeline.name, &step.step), (from, to));
                    self.took(&pipeline.name, &step.step, to - from);
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
                self.took("", &service.name, to - from);
            }
        }
        let Some(End { exit_code: 0, seconds: end }) = summary.end else { return };
        let tests = tests(&summary.pipelines, |pipeline| {
            (&pipeline.name, pipeline.steps.iter().map(|step| (step.kind, &*step.step)).collect())
        });
        self.passed.push(Reference { task: summary.task.clone(), tests, ran, end });
    }

    fn took(&mut self, pipeline: &str, step: &str, seconds: f64) {
        let steps = self.durations.entry(pipeline.to_owned()).or_default();
        let known = steps.entry(step.to_owned()).or_default();
        if known.len() < DURATIONS {
            known.push(seconds);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, PlannedStep};

    const BUILD: &str = "exec npm run build";

    /// A run of a build and, after it, a service and a test.
    fn run(test: &str, build: f64, outcome: Outcome, exit_code: i32) -> Run {
        let (pipeline, id) = (|| "crux".to_owned(), |id: &str| id.to_owned());
        let planned = |name: &str, step: &str, kind| PlannedStep {
            id: id(name),
            step: step.to_owned(),
            kind,
            needs: Vec::new(),
            services: Vec::new(),
        };
        let steps = vec![planned("b", BUILD, StepKind::Exec), planned("t", test, StepKind::Test)];
        let finished = |name: &str, step: &str, kind, outcome| {
            let (pipeline, id, step, facts) = (pipeline(), id(name), step.to_owned(), String::new());
            Event::StepFinished { pipeline, id, step, kind, outcome, seconds: 1.0, facts }
        };
        let started = |name: &str, step: &str, kind| Event::StepStarted {
            pipeline: pipeline(),
            id: id(name),
            step: step.to_owned(),
            kind,
        };
        let service = |state| Event::Service { service: "database".into(), state, seconds: 0.0 };
        let events = [
            (0.0, Event::PipelineStarted { pipeline: pipeline() }),
            (0.0, Event::StepsPlanned { pipeline: pipeline(), steps }),
            (1.0, started("b", BUILD, StepKind::Exec)),
            (1.0 + build, finished("b", BUILD, StepKind::Exec, outcome)),
            (2.0 + build, service(ServiceState::Starting { probe: String::new() })),
            (5.0 + build, service(ServiceState::Ready)),
            (6.0 + build, started("t", test, StepKind::Test)),
            (16.0 + build, finished("t", test, StepKind::Test, Outcome::Ran)),
            (20.0 + build, Event::RunFinished { exit_code, seconds: 20.0 + build, error: None }),
        ];
        let mut run = Run { task: "e2e".into(), ..Run::default() };
        events.iter().for_each(|(at, event)| run.apply(*at, event));
        run
    }

    /// The run as it was at a time.
    fn until(run: &Run, now: f64) -> Run {
        let mut run = run.clone();
        for step in &mut run.pipelines[0].steps {
            step.started = step.started.filter(|at| *at <= now);
            step.ended = step.ended.filter(|at| *at <= now);
        }
        run.services.iter_mut().for_each(|service| service.states.retain(|(at, _)| *at <= now));
        run
    }

    fn history(runs: &[Run]) -> History {
        let folder = tempfile::tempdir().unwrap();
        for (at, run) in runs.iter().enumerate() {
            let record = folder.path().join(format!("{at:04}"));
            fs::create_dir(&record).unwrap();
            fs::write(record.join(SUMMARY), serde_json::to_vec(run).unwrap()).unwrap();
        }
        fs::create_dir(folder.path().join("killed")).unwrap();
        fs::write(folder.path().join("a file"), "").unwrap();
        let mut history = History::of(folder.path(), &format!("{:04}", runs.len()));
        while !history.is_read() {
            history.read(Duration::from_millis(1));
        }
        history
    }

    #[test]
    fn what_really_ran_tells_how_long_it_takes() {
        let mut runs: Vec<Run> =
            [500.0, 10.0, 30.0, 20.0, 40.0, 1000.0].map(|build| run("t", build, Outcome::Ran, 1)).into();
        runs.push(run("t", 1.0, Outcome::Cached, 0));
        let history = history(&runs);
        assert_eq!(history.usual("crux", BUILD), Some(30.0), "the median of the last five");
        assert_eq!(history.usual("crux", "exec npm ci"), None);
        assert_eq!(history.usual("crux-ui", BUILD), None);
        assert_eq!(history.usual("", "database"), Some(3.0), "a service, too");
    }

    #[test]
    fn the_end_is_as_far_as_it_was_in_the_last_run_of_the_same_tests_that_passed() {
        let all = run("t", 10.0, Outcome::Ran, 0);
        let cached = run("t", 0.0, Outcome::Cached, 0);
        let failed = run("t", 100.0, Outcome::Ran, 1);
        let others = run("t login.spec.ts", 50.0, Outcome::Ran, 0);
        let history = history(&[all.clone(), cached.clone(), failed, others]);
        assert_eq!(history.end(&until(&all, 2.0), 2.0), Some(30.0), "the build runs");
        assert_eq!(history.end(&until(&cached, 3.0), 3.0), Some(20.0), "the service starts");
        assert_eq!(history.end(&until(&all, 16.0), 16.0), Some(30.0), "the test runs");
        assert_eq!(history.end(&until(&all, 2.0), 41.0), Some(60.0), "it takes longer than it did");
        assert_eq!(history.end(&until(&all, 11.5), 11.5), None, "nothing runs");
        assert_eq!(History::of(Path::new("nowhere"), "").end(&until(&all, 2.0), 2.0), None);
    }
}
