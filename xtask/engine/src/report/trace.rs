//! A run in the form of Chrome's trace events, as Perfetto and `chrome://tracing` show it:
//! <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Lane, LaneKind, Run, Timeline};
use crate::event::{Event, Reporter};

/// Writes a run as a trace when it ends.
pub struct Trace {
    file: File,
    run: Run,
    on_lost: Option<Box<dyn FnOnce(io::Error) + Send>>,
}

impl Trace {
    /// Writes to `path`, with the folders it is in; it is empty until the run ends. If it can no longer
    /// be written then, `on_lost` is told why.
    ///
    /// # Errors
    /// If it cannot be written now.
    pub fn create(path: &Path, on_lost: impl FnOnce(io::Error) + Send + 'static) -> io::Result<Self> {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        Ok(Self { file: File::create(path)?, run: Run::default(), on_lost: Some(Box::new(on_lost)) })
    }
}

impl Reporter for Trace {
    fn event(&mut self, at: Duration, event: &Event) {
        self.run.apply(at.as_secs_f64(), event);
        if matches!(event, Event::RunFinished { .. })
            && let Err(error) = write(&self.file, &self.run)
            && let Some(on_lost) = self.on_lost.take()
        {
            on_lost(error);
        }
    }
}

fn write(out: impl Write, run: &Run) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    serde_json::to_writer(&mut out, &trace(run))?;
    out.flush()
}

/// The trace of a run: a process for each pipeline and for all services, a thread for each lane.
pub fn trace(run: &Run) -> Value {
    let timeline = Timeline::of(run);
    let mut events = vec![name("process_name", 0, 0, &format!("cargo xtask {}", run.task))];
    let result = run.end.as_ref().map(|end| json!({ "exit code": end.exit_code, "error": end.error }));
    events.push(complete(&run.task, "run", (0.0, timeline.seconds), (0, 0), result.unwrap_or_default()));
    for (pid, group) in timeline.groups.iter().enumerate().map(|(at, group)| (at + 1, group)) {
        events.push(name("process_name", pid, 0, &group.name));
        events.push(json!({
            "name": "process_sort_index", "ph": "M", "pid": pid, "tid": 0, "args": { "sort_index": pid },
        }));
        for (tid, lane) in group.lanes.iter().enumerate() {
            events.push(name("thread_name", pid, tid, &lane.label));
            events.extend(lane.bars.iter().map(|bar| {
                let shown = if lane.kind == LaneKind::Service { &*word(bar.state) } else { &bar.label };
                let arguments = json!({
                    "state": bar.state, "what": bar.label, "facts": lane.facts, "critical path": lane.critical,
                });
                complete(shown, category(lane), (bar.from, bar.to), (pid, tid), arguments)
            }));
        }
    }
    json!({
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": { "run": run.run, "command": run.command, "began": run.unix },
    })
}

fn category(lane: &Lane) -> &'static str {
    match lane.kind {
        LaneKind::Step => "step",
        LaneKind::Test => "test",
        LaneKind::Cases => "case",
        LaneKind::Service => "service",
        LaneKind::Pull => "pull",
    }
}

fn word(state: super::BarState) -> String {
    json!(state).as_str().unwrap_or_default().to_owned()
}

fn name(what: &str, pid: usize, tid: usize, name: &str) -> Value {
    json!({ "name": what, "ph": "M", "pid": pid, "tid": tid, "args": { "name": name } })
}

/// A complete event; its times are in microseconds.
fn complete(
    name: &str,
    category: &str,
    (from, to): (f64, f64),
    (pid, tid): (usize, usize),
    arguments: Value,
) -> Value {
    let microseconds = |seconds: f64| (seconds * 1e6).round();
    json!({
        "name": name, "cat": category, "ph": "X", "pid": pid, "tid": tid,
        "ts": microseconds(from), "dur": microseconds(to - from), "args": arguments,
    })
}
