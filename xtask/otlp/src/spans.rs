//! The spans of a run: the task, in it pipelines with their steps, services with their states, pulls.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use uuid::Uuid;
use xtask_engine::report::{Bar, BarState, Group, GroupKind, Lane, LaneKind, Run, Timeline};

/// The spans of a run, the task's first; `parent` is a span of somebody else's that it is part of.
pub(crate) fn of(run: &Run, parent: Option<(TraceId, SpanId)>) -> Vec<SpanData> {
    let trace = parent.map_or_else(|| TraceId::from_bytes(*Uuid::new_v4().as_bytes()), |(trace, _)| trace);
    let maker = Maker { trace, unix: run.unix };
    let timeline = Timeline::of(run);
    let above = parent.map_or(SpanId::INVALID, |(_, span)| span);
    let mut root = maker.span(above, format!("cargo xtask {}", run.task), (0.0, timeline.seconds));
    root.parent_span_is_remote = parent.is_some();
    root.attributes = vec![
        KeyValue::new("xtask.task", run.task.clone()),
        KeyValue::new("xtask.command", run.command.clone()),
        KeyValue::new("xtask.run", run.run.clone()),
    ];
    match &run.end {
        Some(end) => {
            root.attributes.push(KeyValue::new("process.exit.code", i64::from(end.exit_code)));
            root.status = status(end.exit_code != 0, end.error.as_deref());
        }
        None => root.status = status(true, Some("its end was not told")),
    }
    let above = root.span_context.span_id();
    let mut spans = vec![root];
    for group in &timeline.groups {
        maker.group(group, run, above, &mut spans);
    }
    spans
}

struct Maker {
    trace: TraceId,
    unix: f64,
}

impl Maker {
    /// A pipeline is a span with its steps in it; services and pulls are the task's own.
    fn group(&self, group: &Group, run: &Run, above: SpanId, spans: &mut Vec<SpanData>) {
        let mut above = above;
        if group.kind == GroupKind::Pipeline {
            let mut span = self.span(above, group.name.clone(), group.span);
            let error = run.pipelines.iter().rev().find(|it| it.name == group.name);
            span.status = status(group.failed, error.and_then(|it| it.error.as_deref()));
            span.attributes = vec![KeyValue::new("xtask.kind", "pipeline")];
            above = span.span_context.span_id();
            spans.push(span);
        }
        let lanes = group.lanes.iter().filter(|lane| lane.kind != LaneKind::Cases);
        spans.extend(lanes.filter_map(|lane| self.lane(lane, group, run, above)));
    }

    fn lane(&self, lane: &Lane, group: &Group, run: &Run, above: SpanId) -> Option<SpanData> {
        let (first, last) = (lane.bars.first()?, lane.bars.last()?);
        let mut span = self.span(above, lane.label.clone(), (first.from, last.to));
        let failed = lane.bars.iter().find(|bar| bar.state == BarState::Failed);
        span.status = status(failed.is_some(), failed.map(|bar| bar.label.as_str()));
        let kind = match lane.kind {
            LaneKind::Step | LaneKind::Cases => "step",
            LaneKind::Test => "test",
            LaneKind::Service => "service",
            LaneKind::Pull => "pull",
        };
        span.attributes =
            vec![KeyValue::new("xtask.kind", kind), KeyValue::new("xtask.critical", lane.critical)];
        if lane.kind == LaneKind::Service {
            span.events = SpanEvents::default();
            span.events.events = lane.bars.iter().map(|bar| self.event(bar)).collect();
            return Some(span);
        }
        span.attributes.push(KeyValue::new("xtask.outcome", word(last.state)));
        span.attributes.push(KeyValue::new("xtask.cached", last.state == BarState::Cached));
        if let Some(code) = exit_code(run, &group.name, lane) {
            span.attributes.push(KeyValue::new("process.exit.code", i64::from(code)));
        }
        Some(span)
    }

    fn event(&self, bar: &Bar) -> Event {
        Event::new(word(bar.state), self.time(bar.from), vec![KeyValue::new("what", bar.label.clone())], 0)
    }

    fn span(&self, above: SpanId, name: String, (from, to): (f64, f64)) -> SpanData {
        let mut id = [0; 8];
        id.copy_from_slice(&Uuid::new_v4().as_bytes()[..8]);
        let id = SpanId::from_bytes(id);
        SpanData {
            span_context: SpanContext::new(self.trace, id, TraceFlags::SAMPLED, false, TraceState::default()),
            parent_span_id: above,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: name.into(),
            start_time: self.time(from),
            end_time: self.time(to.max(from)),
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::builder("xtask")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        }
    }

    fn time(&self, seconds: f64) -> SystemTime {
        UNIX_EPOCH + Duration::try_from_secs_f64(self.unix + seconds).unwrap_or_default()
    }
}

fn status(failed: bool, why: Option<&str>) -> Status {
    if failed { Status::error(why.unwrap_or_default().to_owned()) } else { Status::Ok }
}

fn word(state: BarState) -> &'static str {
    match state {
        BarState::Cached => "cached",
        BarState::Ran => "ran",
        BarState::Shared => "shared",
        BarState::Failed => "failed",
        BarState::Stopped => "stopped",
        BarState::Skipped => "skipped",
        BarState::Creating => "creating",
        BarState::Waiting => "waiting",
        BarState::Starting => "starting",
        BarState::Ready => "ready",
        BarState::Stopping => "stopping",
    }
}

/// The exit code of a command, if it is known.
fn exit_code(run: &Run, pipeline: &str, lane: &Lane) -> Option<i32> {
    let is_lane = |id: &str| lane.id.ends_with(&format!(":{id}"));
    let tests = run.tests.iter().find(|test| test.pipeline == pipeline && is_lane(&test.id));
    let steps = run.pipelines.iter().filter(|it| it.name == pipeline).flat_map(|it| &it.steps);
    let of_step = || steps.filter(|step| is_lane(&step.id)).find_map(|step| step.failure.as_ref()?.exit_code);
    tests.map(|test| test.exit_code).or_else(of_step)
}
