//! A run as lanes of bars: what a page, a trace and spans have in common.

use serde::Serialize;

use super::critical_path::{self, CriticalPath};
use super::record::DIGEST;
use super::{Pipeline, Run, Service, Step, Test};
use crate::event::{Outcome, ServiceState, StepKind};
use crate::results::{Case, CaseStatus};

/// A run, drawn over time. All times are seconds since it began.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timeline {
    /// When it ended; where nobody told, when the last thing happened that is known of.
    pub seconds: f64,
    /// Pipelines in the order in which they began, then services, then images that were pulled.
    pub groups: Vec<Group>,
    /// What decided how long it took.
    pub critical: CriticalPath,
}

/// Lanes that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// The pipeline's name, or what the lanes have in common.
    pub name: String,
    /// What they are of.
    pub kind: GroupKind,
    /// When the first of it began and the last ended.
    pub span: (f64, f64),
    /// Something in it failed.
    pub failed: bool,
    /// The lanes.
    pub lanes: Vec<Lane>,
}

/// What a group of lanes is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// The steps of one pipeline.
    Pipeline,
    /// Services and jobs.
    Services,
    /// Images that were pulled.
    Pulls,
}

/// One line of the drawing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lane {
    /// Its own in the whole run.
    pub id: String,
    /// What a person calls it.
    pub label: String,
    /// What it is of.
    pub kind: LaneKind,
    /// It is part of what decided how long the run took.
    pub critical: bool,
    /// Further facts, for people.
    pub facts: String,
    /// Its bars, by time; none overlaps another.
    pub bars: Vec<Bar>,
}

/// What a lane is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneKind {
    /// A step that is no test.
    Step,
    /// A test command.
    Test,
    /// Tests of such a command that ran one after another.
    Cases,
    /// A service or a job.
    Service,
    /// An image.
    Pull,
}

/// A stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// Its beginning.
    pub from: f64,
    /// Its end, never before its beginning.
    pub to: f64,
    /// What it shows.
    pub state: BarState,
    /// What a person calls it.
    pub label: String,
}

/// What a bar shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BarState {
    /// The result came from the cache, or nothing had to be done.
    Cached,
    /// It ran, and ended well.
    Ran,
    /// Another run did it at the same time.
    Shared,
    /// It failed.
    Failed,
    /// It was stopped before it ended, or the run was.
    Stopped,
    /// It did not have to run: a test that was left out.
    Skipped,
    /// A service's image is had and its container made.
    Creating,
    /// It waits for others.
    Waiting,
    /// It runs and is not ready yet; a job that does its work.
    Starting,
    /// It is ready.
    Ready,
    /// It is being ended.
    Stopping,
}

impl Timeline {
    /// The timeline of a run, whether it has ended or not.
    pub fn of(run: &Run) -> Self {
        let run = one_of_each_name(run);
        let seconds = run.end.as_ref().map_or_else(|| last_known(&run), |end| end.seconds);
        let critical = CriticalPath::of(&run, seconds);
        let mut groups: Vec<Group> =
            run.pipelines.iter().map(|pipeline| group(pipeline, &run, seconds)).collect();
        let services = run.services.iter().map(|service| service_lane(service, seconds)).collect();
        groups.extend(grouped("services", GroupKind::Services, services));
        groups.extend(grouped("images pulled", GroupKind::Pulls, pulls(&run, seconds)));
        for lane in groups.iter_mut().flat_map(|group| &mut group.lanes) {
            lane.critical = critical.segments.iter().any(|segment| segment.lane == lane.id);
        }
        Self { seconds, groups, critical }
    }
}

/// The run with each pipeline once: a test among services is planned in one and built in another of
/// the same name.
pub(super) fn one_of_each_name(run: &Run) -> Run {
    let mut merged: Vec<Pipeline> = Vec::new();
    for pipeline in &run.pipelines {
        let Some(first) = merged.iter_mut().find(|known| known.name == pipeline.name) else {
            merged.push(pipeline.clone());
            continue;
        };
        first.ended = pipeline.ended.or(first.ended);
        first.passed = pipeline.passed;
        first.error = pipeline.error.clone().or(first.error.take());
        for step in &pipeline.steps {
            match first.steps.iter().position(|known| known.id == step.id) {
                // The last is what became of it; what it needs may have been told before.
                Some(at) => {
                    let planned = first.steps.remove(at);
                    let mut step = step.clone();
                    step.needs.extend(planned.needs);
                    step.services.extend(planned.services);
                    first.steps.push(step);
                }
                None => first.steps.push(step.clone()),
            }
        }
    }
    Run { pipelines: merged, ..run.clone() }
}

/// When the last thing happened in a run whose end nobody told.
fn last_known(run: &Run) -> f64 {
    let steps = run.pipelines.iter().flat_map(|pipeline| &pipeline.steps);
    let steps = steps.flat_map(|step| [step.started, step.ended].into_iter().flatten());
    let pipelines = run.pipelines.iter().flat_map(|it| [Some(it.started), it.ended].into_iter().flatten());
    let services = run.services.iter().flat_map(|it| it.states.iter().map(|(at, _)| *at));
    let errors = run.services.iter().flat_map(|it| it.errors.iter().map(|(at, _)| *at));
    let tests = run.tests.iter().map(|test| test.at);
    let pulls = run.pulls.iter().flat_map(|it| [Some(it.started), it.ended].into_iter().flatten());
    steps.chain(pipelines).chain(services).chain(errors).chain(tests).chain(pulls).fold(0.0, f64::max)
}

/// When a step began and ended; none if it never came to it.
pub(super) fn span_of_step(step: &Step, end: f64) -> Option<(f64, f64)> {
    let to = match (step.started, step.ended) {
        (None, None) => return None,
        (Some(_), None) => end,
        (_, Some(ended)) => ended,
    };
    // What the engine says it took begins later than its start was told, or nobody told it.
    let from = step.started.unwrap_or(to - step.seconds);
    // The facts of an upload may come after its end.
    Some((from.clamp(0.0, to.max(0.0)), to))
}

fn state_of_step(step: &Step) -> BarState {
    match &step.outcome {
        None | Some(Outcome::Canceled) => BarState::Stopped,
        Some(Outcome::Cached | Outcome::Unchanged) => BarState::Cached,
        Some(Outcome::Ran) => BarState::Ran,
        Some(Outcome::Shared) => BarState::Shared,
        Some(Outcome::Failed { .. }) => BarState::Failed,
    }
}

fn group(pipeline: &Pipeline, run: &Run, end: f64) -> Group {
    let mut lanes = Vec::new();
    for step in &pipeline.steps {
        let Some((from, to)) = span_of_step(step, end) else { continue };
        let label = step.step.clone();
        let test = run.tests.iter().find(|test| test.pipeline == pipeline.name && test.id == step.id);
        // A test that failed is a step that went well, for the engine.
        let failed = test.is_some_and(|test| test.exit_code != 0);
        let state = if failed { BarState::Failed } else { state_of_step(step) };
        let kind = if step.kind == StepKind::Test { LaneKind::Test } else { LaneKind::Step };
        lanes.push(Lane {
            id: critical_path::id_of_step(&pipeline.name, &step.id),
            label: label.clone(),
            kind,
            critical: false,
            facts: step.facts.clone(),
            bars: vec![Bar { from, to, state, label }],
        });
        lanes.extend(test.map(|test| case_lanes(test, run.unix, (from, to))).unwrap_or_default());
    }
    let failed = pipeline.ended.is_some() && !pipeline.passed;
    let span = (pipeline.started, pipeline.ended.unwrap_or(end));
    Group { name: pipeline.name.clone(), kind: GroupKind::Pipeline, span, failed, lanes }
}

/// The tests of a command whose tool told when each began, in as few lanes as ran side by side.
fn case_lanes(test: &Test, unix: f64, (start, end): (f64, f64)) -> Vec<Lane> {
    if test.cached {
        return Vec::new(); // it was another run's time
    }
    let cases = test.suites.iter().flat_map(|suite| &suite.cases);
    let mut bars: Vec<Bar> = cases.filter_map(|case| case_bar(case, unix, (start, end))).collect();
    bars.sort_by(|one, other| one.from.total_cmp(&other.from));
    let mut lanes: Vec<Vec<Bar>> = Vec::new();
    for bar in bars {
        // Clocks of two machines, and milliseconds that were rounded.
        const TOUCH: f64 = 0.01;
        let free = |lane: &&mut Vec<Bar>| lane.last().is_none_or(|last| last.to <= bar.from + TOUCH);
        match lanes.iter_mut().find(free) {
            Some(lane) => lane.push(bar),
            None => lanes.push(vec![bar]),
        }
    }
    let lane = |(at, bars)| Lane {
        id: format!("cases:{}:{}:{at}", test.pipeline, test.id),
        label: format!("tests, {} side by side", at + 1),
        kind: LaneKind::Cases,
        critical: false,
        facts: String::new(),
        bars,
    };
    let count = lanes.len();
    let mut lanes: Vec<Lane> = lanes.into_iter().enumerate().map(lane).collect();
    for (at, lane) in lanes.iter_mut().enumerate() {
        lane.label =
            if count == 1 { "its tests".into() } else { format!("its tests, {} of {count}", at + 1) };
    }
    lanes
}

fn case_bar(case: &Case, unix: f64, (start, end): (f64, f64)) -> Option<Bar> {
    let from = case.started? - unix;
    let state = match case.status {
        CaseStatus::Passed => BarState::Ran,
        CaseStatus::Failed(_) => BarState::Failed,
        CaseStatus::Skipped => BarState::Skipped,
    };
    let (from, to) = (from.clamp(start, end), (from + case.seconds).clamp(start, end));
    (to > from).then(|| Bar { from, to, state, label: case.name.clone() })
}

fn service_lane(service: &Service, end: f64) -> Lane {
    let mut bars: Vec<Bar> = Vec::new();
    for (at, (from, state)) in service.states.iter().enumerate() {
        let to = service.states.get(at + 1).map_or(end, |(next, _)| *next).max(*from);
        let (state, label) = match state {
            ServiceState::Creating { .. } => (BarState::Creating, "its image and container are made".into()),
            ServiceState::Waiting { needs } => (BarState::Waiting, format!("waits for {}", needs.join(", "))),
            ServiceState::Starting { probe } if probe.is_empty() => (BarState::Starting, "runs".into()),
            ServiceState::Starting { probe } => (BarState::Starting, format!("starts, until {probe}")),
            ServiceState::Ready => (BarState::Ready, "ready".into()),
            ServiceState::Stopping => (BarState::Stopping, "is stopped".into()),
            ServiceState::Failed => {
                if let Some(bar) = bars.last_mut() {
                    bar.state = BarState::Failed;
                    bar.label =
                        service.failure.as_ref().map_or("failed".into(), |failure| failure.why.clone());
                }
                continue;
            }
            ServiceState::Completed => {
                if let Some(bar) = bars.last_mut() {
                    bar.state = BarState::Ran;
                    bar.label = "a job that completed".into();
                }
                continue;
            }
        };
        bars.push(Bar { from: *from, to, state, label });
    }
    let (id, label) = (critical_path::id_of_service(&service.name), service.name.clone());
    Lane { id, label, kind: LaneKind::Service, critical: false, facts: String::new(), bars }
}

fn pulls(run: &Run, end: f64) -> Vec<Lane> {
    let lane = |pull: &super::Pull| {
        let state = if pull.ended.is_some() { BarState::Ran } else { BarState::Stopped };
        let to = pull.ended.unwrap_or(end).max(pull.started);
        Lane {
            id: format!("pull:{}", pull.image),
            label: pull.image.clone(),
            kind: LaneKind::Pull,
            critical: false,
            facts: crate::bytes(pull.current),
            bars: vec![Bar { from: pull.started, to, state, label: format!("pull {}", pull.image) }],
        }
    };
    run.pulls.iter().map(lane).collect()
}

fn grouped(name: &str, kind: GroupKind, lanes: Vec<Lane>) -> Option<Group> {
    let bars = || lanes.iter().flat_map(|lane| &lane.bars);
    let from = bars().map(|bar| bar.from).min_by(f64::total_cmp)?;
    let to = bars().map(|bar| bar.to).fold(from, f64::max);
    let failed = bars().any(|bar| bar.state == BarState::Failed);
    Some(Group { name: name.into(), kind, span: (from, to), failed, lanes })
}

/// Whether a step runs in a container of its own, after all that its pipeline builds.
pub(super) fn runs_alone(step: &Step) -> bool {
    !step.id.starts_with(DIGEST)
}
