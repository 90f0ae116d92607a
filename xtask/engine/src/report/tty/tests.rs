//! The live view, on a terminal in memory.

mod frames;
mod painting;
mod whole;

use std::num::NonZero;

use super::frame::{Brevity, View};
use super::painter::{Painter, Size};
use super::state::State;
use crate::event::{Event, PlannedStep, StepKind};
use crate::report::{History, TimedEvent};

pub(super) const SMALL: Size = Size { columns: 80, rows: 24 };
pub(super) const LARGE: Size = Size { columns: 200, rows: 60 };

pub(super) const E2E_FAILED: &str = include_str!("../fixtures/e2e-failed.jsonl");
pub(super) const SERVICE_FAILED: &str = include_str!("../fixtures/service-failed.jsonl");

pub(super) fn events(recorded: &str) -> Vec<TimedEvent> {
    recorded.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

/// What is known of a run at a time.
pub(super) fn at(time: f64, events: &[TimedEvent]) -> State {
    let mut state = State::default();
    events.iter().filter(|event| event.at <= time).for_each(|event| state.apply(event.at, &event.event));
    state
}

/// A terminal, and who draws on it.
pub(super) struct Terminal {
    pub(super) parser: vt100::Parser,
    pub(super) painter: Painter,
    pub(super) size: Size,
    pub(super) history: History,
    pub(super) end: Option<f64>,
    pub(super) is_stopping: bool,
    pub(super) colors: bool,
}

impl Terminal {
    pub(super) fn new(size: Size) -> Self {
        Self {
            parser: parser(size),
            painter: Painter::new(size),
            size,
            history: History::default(),
            end: None,
            is_stopping: false,
            colors: true,
        }
    }

    /// Shows a state at a time below `above`; gives the bytes that it took.
    pub(super) fn show(&mut self, state: &State, now: f64, above: &[&str]) -> String {
        let (history, end) = (&self.history, self.end);
        let view = View { state, history, end, is_stopping: self.is_stopping, colors: self.colors };
        let lines = view.frame(now, self.size, &mut Brevity::default());
        for line in &lines {
            assert!(line.width < self.size.columns, "{line:?}");
        }
        assert!(lines.len() < self.size.rows, "{lines:#?}");
        let above: Vec<String> = above.iter().map(ToString::to_string).collect();
        let bytes = self.painter.paint(&above, lines, self.size).unwrap_or_default();
        self.parser.process(bytes.as_bytes());
        bytes
    }

    /// What it shows, without what is blank at the end.
    pub(super) fn contents(&self) -> String {
        let rows = self.parser.screen().rows(0, cells(self.size.columns).get());
        let rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n").trim_end().to_owned()
    }
}

pub(super) fn parser(size: Size) -> vt100::Parser {
    vt100::Parser::new(cells(size.rows), cells(size.columns), 1000)
}

pub(super) fn cells(count: usize) -> NonZero<u16> {
    u16::try_from(count).ok().and_then(NonZero::new).expect("a size")
}

/// A time that is not what is tested.
pub(super) fn timed(at: f64, event: Event) -> TimedEvent {
    TimedEvent { at, event }
}

pub(super) fn pipeline(name: &str) -> Event {
    Event::PipelineStarted { pipeline: name.into() }
}

pub(super) fn planned(pipeline: &str, steps: &[(&str, StepKind)]) -> Event {
    let steps = steps.iter().enumerate().map(|(at, (step, kind))| PlannedStep {
        id: format!("sha256:{at}"),
        step: (*step).into(),
        kind: *kind,
        needs: at.checked_sub(1).map(|before| format!("sha256:{before}")).into_iter().collect(),
        services: Vec::new(),
    });
    Event::StepsPlanned { pipeline: pipeline.into(), steps: steps.collect() }
}

pub(super) fn started(pipeline: &str, id: usize, step: &str) -> Event {
    let (pipeline, id, step) = (pipeline.into(), format!("sha256:{id}"), step.into());
    Event::StepStarted { pipeline, id, step, kind: StepKind::Exec }
}

pub(super) fn said(pipeline: &str, id: usize, step: &str, text: &str) -> Event {
    let (pipeline, id, step, text) = (pipeline.into(), format!("sha256:{id}"), step.into(), text.into());
    Event::StepLog { pipeline, id, step, seconds: 0.0, text }
}
