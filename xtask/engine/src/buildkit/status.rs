//! BuildKit's status stream as events: which step runs, what it prints, how it ended.

use std::collections::{HashMap, HashSet, VecDeque};

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};

use super::Transfers;
use crate::event::{Event, Events, Outcome, PlannedStep, StepKind};
use crate::lines::Lines;
use crate::llb::Step;
use crate::size::bytes;

/// Lines of a step's output kept for the case that it fails.
const TAIL: usize = 60;

/// How a step ended, for whoever asked for the solve.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StepResult {
    pub(crate) outcome: Outcome,
    pub(crate) seconds: f64,
}

/// Follows one solve and tells what happens.
pub(crate) struct Progress<'a> {
    pipeline: &'a str,
    events: &'a Events,
    transfers: Transfers,
    steps: Vec<Step>,
    index: HashMap<String, usize>,
    states: Vec<State>,
    /// Steps whose end was told, in this solve or an earlier one of the same pipeline.
    told: HashSet<String>,
    /// The end of a test step is for the caller to tell: to the engine it succeeded in any case.
    hold_tests: bool,
    counts: Counts,
    /// Files and bytes of each upload as they were told last.
    uploads: HashMap<String, (u64, u64)>,
}

/// Steps whose end was told: each once, however many solves a pipeline takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Their result came from the cache.
    pub(crate) cached: u64,
    /// They ran.
    pub(crate) ran: u64,
}

impl Counts {
    /// Counts a step that ended so.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Cached => self.cached += 1,
            Outcome::Ran => self.ran += 1,
            _ => {}
        }
    }
}

#[derive(Default)]
struct State {
    started: Option<f64>,
    completed: bool,
    result: Option<StepResult>,
    lines: Lines,
    tail: VecDeque<String>,
}

impl<'a> Progress<'a> {
    /// Follows `steps`; what is in `told` is not told again.
    pub(crate) fn new(
        pipeline: &'a str,
        events: &'a Events,
        transfers: Transfers,
        steps: Vec<Step>,
        told: HashSet<String>,
        hold_tests: bool,
    ) -> Self {
        let index = steps.iter().enumerate().map(|(index, step)| (step.digest.clone(), index)).collect();
        let states = steps.iter().map(|_| State::default()).collect();
        let (counts, uploads) = (Counts::default(), HashMap::new());
        Self { pipeline, events, transfers, steps, index, states, told, hold_tests, counts, uploads }
    }

    /// What has been told, for the next solve of the same pipeline.
    pub(crate) fn into_told(self) -> HashSet<String> {
        self.told
    }

    /// A test step is running.
    pub(crate) fn test_is_running(&self) -> bool {
        let running = |(step, state): (&Step, &State)| {
            step.kind == StepKind::Test && state.started.is_some() && !state.completed
        };
        self.steps.iter().zip(&self.states).any(running)
    }

    /// The first step that ended and is `wanted`.
    pub(crate) fn find(&self, wanted: impl Fn(&Step, &StepResult) -> bool) -> Option<(&Step, &StepResult)> {
        let results = self.steps.iter().zip(&self.states);
        results
            .filter_map(|(step, state)| Some((step, state.result.as_ref()?)))
            .find(|(step, result)| wanted(step, result))
    }

    /// How the test step ended, and its digest, if there is one.
    pub(crate) fn test_outcome(&self) -> Option<(Outcome, String)> {
        let test = self.find(|step, _| step.kind == StepKind::Test);
        test.map(|(step, result)| (result.outcome.clone(), step.digest.clone()))
    }

    /// Tells what the pipeline is made of.
    pub(crate) fn tell_plan(&self) {
        let shown = self.steps.iter().filter(|step| !step.hidden);
        let steps = shown.map(|step| PlannedStep {
            id: step.digest.clone(),
            step: step.name.clone(),
            kind: step.kind,
            needs: self.shown_inputs(step),
            services: Vec::new(),
        });
        self.events.emit(Event::StepsPlanned { pipeline: self.pipeline.to_owned(), steps: steps.collect() });
    }

    /// Tells how far uploads are that are on their way.
    pub(crate) fn tell_uploads(&mut self) {
        for step in &self.steps {
            let Some((label, transfer)) = step.view.as_ref().and_then(|key| self.transfers.on_its_way(key))
            else {
                continue;
            };
            let now = (transfer.files, transfer.bytes);
            if self.uploads.insert(step.digest.clone(), now) != Some(now) {
                self.events.emit(Event::Uploading {
                    pipeline: self.pipeline.to_owned(),
                    directory: label,
                    files: now.0,
                    bytes: now.1,
                });
            }
        }
    }

    /// The digests of the steps just before one, as far as people see them.
    fn shown_inputs(&self, step: &Step) -> Vec<String> {
        let mut open: Vec<&String> = step.inputs.iter().rev().collect();
        let (mut seen, mut shown) = (HashSet::new(), Vec::new());
        while let Some(digest) = open.pop() {
            let Some(&at) = self.index.get(digest).filter(|_| seen.insert(digest)) else { continue };
            match self.steps[at].hidden {
                true => open.extend(self.steps[at].inputs.iter().rev()),
                false => shown.push(digest.clone()),
            }
        }
        shown
    }

    /// The end of the test step, which is not told yet.
    pub(crate) fn held(&self) -> Option<Event> {
        self.find(|step, result| self.holds(step, &result.outcome))
            .map(|(step, result)| self.end(step, result.clone()))
    }

    /// The steps whose end this solve told.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// The last lines of what a step printed.
    pub(crate) fn tail(&self, digest: &str) -> Vec<String> {
        let state = self.index.get(digest).map(|index| &self.states[*index]);
        state.map(|state| state.tail.iter().cloned().collect()).unwrap_or_default()
    }

    /// Takes one message of the stream.
    pub(crate) fn status(&mut self, status: StatusResponse) {
        for vertex in &status.vertexes {
            if vertex.completed.is_none() {
                self.vertex(vertex);
            }
        }
        for log in &status.logs {
            self.log(log);
        }
        for vertex in &status.vertexes {
            if vertex.completed.is_some() {
                self.vertex(vertex);
            }
        }
    }

    fn vertex(&mut self, vertex: &Vertex) {
        let Some(&at) = self.index.get(&vertex.digest) else { return };
        let started = vertex.started.as_ref().map(seconds);
        if started.is_some() && self.states[at].started.is_none() {
            self.states[at].started = started;
            if !vertex.cached && vertex.completed.is_none() {
                self.tell_sources_before(at);
                self.tell_start(at);
            }
        }
        let Some(completed) = vertex.completed.as_ref().map(seconds) else { return };
        let step = &self.steps[at];
        // A source completes twice (its key, then its contents) and is told when something uses
        // it, or at the end.
        self.states[at].completed = true;
        if is_source(step.kind) && vertex.error.is_empty() {
            return;
        }
        let took = (completed - started.unwrap_or(completed)).max(0.0);
        let outcome = if vertex.cached {
            Outcome::Cached
        } else if vertex.error.is_empty() {
            Outcome::Ran
        } else if vertex.error.contains("context canceled") {
            Outcome::Canceled
        } else {
            Outcome::Failed { error: vertex.error.clone() }
        };
        self.flush(at);
        self.tell_sources_before(at);
        self.tell_end(at, outcome, took);
    }

    /// The solve is over: tells what the stream did not.
    pub(crate) fn finish(&mut self, succeeded: bool) {
        for at in 0..self.steps.len() {
            self.flush(at);
            if self.states[at].result.is_some() {
                continue;
            }
            let seen = self.states[at].started.is_some();
            match (is_source(self.steps[at].kind), succeeded) {
                (true, true) => self.tell_source(at),
                (true, false) => {}
                // Without an end, though the solve succeeded: another solve did the same at the
                // same time, and BuildKit told only that one.
                (false, true) => self.tell_end(at, Outcome::Shared, 0.0),
                (false, false) if seen => self.tell_end(at, Outcome::Canceled, 0.0),
                (false, false) => {}
            }
        }
    }

    fn log(&mut self, log: &VertexLog) {
        let Some(&at) = self.index.get(&log.vertex) else { return };
        let whole = self.states[at].lines.take(&log.msg, self.events);
        if let Some(text) = whole {
            self.tell_lines(at, &text, log.timestamp.as_ref().map(seconds));
        }
    }

    fn flush(&mut self, at: usize) {
        let rest = self.states[at].lines.end(self.events);
        if let Some(text) = rest {
            self.tell_lines(at, &text, None);
        }
    }

    fn tell_lines(&mut self, at: usize, text: &str, time: Option<f64>) {
        let text = text.trim_end_matches(['\n', '\r']);
        let state = &mut self.states[at];
        for line in text.lines() {
            if state.tail.len() == TAIL {
                state.tail.pop_front();
            }
            state.tail.push_back(line.to_owned());
        }
        let seconds = time.zip(state.started).map_or(0.0, |(time, started)| (time - started).max(0.0));
        let step = &self.steps[at];
        self.events.emit(Event::StepLog {
            pipeline: self.pipeline.to_owned(),
            id: step.digest.clone(),
            step: step.name.clone(),
            seconds,
            text: text.to_owned(),
        });
    }

    /// The sources on which a step rests, told before the step itself.
    fn tell_sources_before(&mut self, at: usize) {
        let mut open: Vec<usize> = vec![at];
        let mut seen = HashSet::new();
        let mut sources = Vec::new();
        while let Some(at) = open.pop() {
            for input in &self.steps[at].inputs {
                if let Some(&input) = self.index.get(input)
                    && seen.insert(input)
                {
                    open.push(input);
                    if is_source(self.steps[input].kind) && self.states[input].result.is_none() {
                        sources.push(input);
                    }
                }
            }
        }
        sources.sort_unstable();
        for source in sources {
            self.tell_source(source);
        }
    }

    fn tell_source(&mut self, at: usize) {
        let transfer = self.steps[at].view.as_ref().and_then(|key| self.transfers.of(key));
        match transfer {
            Some(transfer) if !transfer.done => {} // in the middle of it
            Some(_) => self.tell_end(at, Outcome::Ran, 0.0),
            None => {
                if let (Some(key), None) = (&self.steps[at].view, &self.states[at].result) {
                    self.transfers.used_unsent(key);
                }
                self.tell_end(at, Outcome::Unchanged, 0.0);
            }
        }
    }

    fn tell_start(&self, at: usize) {
        let step = &self.steps[at];
        if !step.hidden && !is_source(step.kind) && !self.told.contains(&step.digest) {
            self.events.emit(Event::StepStarted {
                pipeline: self.pipeline.to_owned(),
                id: step.digest.clone(),
                step: step.name.clone(),
                kind: step.kind,
            });
        }
    }

    fn tell_end(&mut self, at: usize, outcome: Outcome, seconds: f64) {
        let step = self.steps[at].clone();
        let step = &step;
        let held = self.holds(step, &outcome);
        let first = self.states[at].result.is_none();
        let result = StepResult { outcome, seconds };
        if !step.hidden && !held && first && self.told.insert(step.digest.clone()) {
            self.counts.add(&result.outcome);
            self.events.emit(self.end(step, result.clone()));
        }
        if first {
            self.states[at].result = Some(result);
        }
    }

    fn holds(&self, step: &Step, outcome: &Outcome) -> bool {
        self.hold_tests
            && step.kind == StepKind::Test
            && matches!(outcome, Outcome::Cached | Outcome::Ran | Outcome::Shared)
    }

    fn end(&self, step: &Step, StepResult { outcome, seconds }: StepResult) -> Event {
        let facts = step
            .view
            .as_ref()
            .and_then(|key| self.transfers.of(key))
            .map(|transfer| format!("{} sent, {}", count(transfer.files, "file"), bytes(transfer.bytes)));
        Event::StepFinished {
            pipeline: self.pipeline.to_owned(),
            id: step.digest.clone(),
            step: step.name.clone(),
            kind: step.kind,
            outcome,
            seconds,
            facts: facts.unwrap_or_default(),
        }
    }
}

fn is_source(kind: StepKind) -> bool {
    matches!(kind, StepKind::Image | StepKind::Upload)
}

fn seconds(time: &Timestamp) -> f64 {
    time.seconds as f64 + f64::from(time.nanos) / 1e9
}

/// `1 file`, `2 files`.
fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
