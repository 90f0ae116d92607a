//! Plain output of a fixed list of events.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Plain, Verbosity};
use crate::event::{Event, MadeBefore, Outcome, Reporter, SCHEMA, StepKind, TestCounts, TestFailure};

/// What was written, and how often it may be written before the reader is gone.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>, Option<usize>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut page = self.0.lock().unwrap();
        if self.1.is_some_and(|limit| page.len() >= limit) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        page.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn told(verbosity: Verbosity, events: &[Event]) -> String {
    let page = Page::default();
    let mut plain = Plain::new(page.clone(), verbosity, || {});
    for event in events {
        plain.event(Duration::ZERO, event);
    }
    let bytes = page.0.lock().unwrap().clone();
    anstream::adapter::strip_str(&String::from_utf8(bytes).unwrap()).to_string()
}

fn started(pipeline: &str, step: &str, kind: StepKind) -> Event {
    Event::StepStarted { pipeline: pipeline.into(), id: "sha256:1".into(), step: step.into(), kind }
}

fn finished(
    pipeline: &str,
    step: &str,
    kind: StepKind,
    outcome: Outcome,
    seconds: f64,
    facts: &str,
) -> Event {
    let (pipeline, id, step, facts) = (pipeline.into(), "sha256:1".into(), step.into(), facts.into());
    Event::StepFinished { pipeline, id, step, kind, outcome, seconds, facts }
}

fn log(pipeline: &str, step: &str, seconds: f64, text: &str) -> Event {
    let (pipeline, id, step, text) = (pipeline.into(), "sha256:1".into(), step.into(), text.into());
    Event::StepLog { pipeline, id, step, seconds, text }
}

fn test(pipeline: &str, exit_code: i32, counts: Option<TestCounts>, failures: Vec<TestFailure>) -> Event {
    Event::TestFinished {
        pipeline: pipeline.into(),
        id: "sha256:4".into(),
        step: "test npm run test".into(),
        exit_code,
        cached: exit_code == 0,
        before: (exit_code == 0).then_some(MadeBefore { ended: 1e9 - 2.0 * 3600.0, seconds: 5.1 }),
        timed_out: exit_code == 124,
        broken: None,
        counts,
        failures,
        suites: Vec::new(),
        tail: if exit_code == 0 { Vec::new() } else { vec!["one".into(), "of the last lines".into()] },
        log: format!("target/xtask/runs/1/{pipeline}/output.log"),
    }
}

fn counts(passed: u64, failed: u64, skipped: u64) -> Option<TestCounts> {
    Some(TestCounts { passed, failed, skipped })
}

/// Two pipelines, one cached, one that fails.
fn two_pipelines() -> Vec<Event> {
    let (crux, ui, npm, tests) = ("test-crux", "test-ui", "exec npm ci", "test npm run test");
    let failed = || Outcome::Failed { error: "exit code 1".into() };
    let failure = TestFailure {
        name: "Health answers".into(),
        file: "web/crux/src/health.spec.ts".into(),
        line: Some(12),
        started: None,
        seconds: 0.1,
        rerun: vec!["src/health.spec.ts".into()],
        again: "cargo xtask test-crux -- src/health.spec.ts".into(),
        message: (1..=30).map(|line| format!("line {line} of the message\n")).collect(),
    };
    vec![
        Event::RunStarted {
            schema: SCHEMA,
            run: "1-1".into(),
            task: "test".into(),
            command: "test".into(),
            unix: 1e9,
            record: "target/xtask/runs/1-1".into(),
        },
        Event::Detail { text: "engine unix:///var/run/docker.sock, found by the default".into() },
        Event::StandIn {
            image: "node:20-alpine".into(),
            tag: "stand-in:node".into(),
            differs: "glibc".into(),
        },
        Event::Pull { image: "postgres:14".into(), current: 0, total: 0, done: false },
        Event::Pull { image: "postgres:14".into(), current: 10, total: 1000, done: false },
        Event::Pull { image: "postgres:14".into(), current: 1000, total: 1000, done: true },
        Event::PipelineStarted { pipeline: crux.into() },
        Event::PipelineStarted { pipeline: ui.into() },
        finished(crux, "from node:20-alpine", StepKind::Image, Outcome::Unchanged, 0.0, ""),
        finished(crux, "upload web/crux", StepKind::Upload, Outcome::Ran, 0.0, "1 file sent, 27 B"),
        finished(crux, "copy web/crux to /src", StepKind::File, Outcome::Ran, 0.011, ""),
        started(crux, npm, StepKind::Exec),
        log(crux, npm, 0.46, "added 1158 packages\nin 29s"),
        finished(ui, npm, StepKind::Exec, Outcome::Cached, 0.0, ""),
        log(crux, npm, 29.1, "done"),
        finished(crux, npm, StepKind::Exec, Outcome::Ran, 29.4, ""),
        finished(ui, tests, StepKind::Test, Outcome::Cached, 0.0, ""),
        started(crux, tests, StepKind::Test),
        finished(crux, tests, StepKind::Test, failed(), 754.2, ""),
        finished(ui, "exec other", StepKind::Exec, Outcome::Shared, 0.0, ""),
        finished(ui, "exec stopped", StepKind::Exec, Outcome::Canceled, 1.0, ""),
        test(ui, 0, counts(14, 0, 2), Vec::new()),
        Event::Exported { pipeline: ui.into(), path: "out/test-ui".into() },
        test(crux, 1, counts(11, 1, 0), vec![failure]),
        Event::Notice { text: "a thing to know".into() },
        Event::RunFinished { exit_code: 1, seconds: 784.0, error: Some("1 of 12 tests failed".into()) },
    ]
}

#[test]
fn normal() {
    insta::assert_snapshot!(told(Verbosity::Normal, &two_pipelines()));
}

#[test]
fn quiet_tells_failures_only() {
    insta::assert_snapshot!(told(Verbosity::Quiet, &two_pipelines()));
    let passed = [test("test-ui", 0, counts(1, 0, 0), Vec::new()), finish(0)];
    assert_eq!(told(Verbosity::Quiet, &passed), "");
}

#[test]
fn verbose_tells_details() {
    let told = told(Verbosity::Verbose, &two_pipelines());
    assert!(told.contains("detail engine unix:///var/run/docker.sock"), "{told}");
}

#[test]
fn a_command_without_a_report_and_one_that_was_stopped() {
    let events = [test("test-ui", 7, None, Vec::new()), test("test-crux", 124, None, Vec::new()), finish(1)];
    insta::assert_snapshot!(told(Verbosity::Normal, &events));
}

#[test]
fn a_reader_that_goes_away_is_noticed_once() {
    let closed = Arc::new(Mutex::new(0));
    let count = closed.clone();
    let mut plain = Plain::new(Page(Arc::default(), Some(1)), Verbosity::Normal, move || {
        *count.lock().unwrap() += 1;
    });
    for event in two_pipelines() {
        plain.event(Duration::ZERO, &event);
    }
    assert_eq!(*closed.lock().unwrap(), 1);
}

fn finish(exit_code: i32) -> Event {
    Event::RunFinished { exit_code, seconds: 0.031, error: None }
}

#[test]
fn the_image_of_a_service_is_told_to_those_who_want_details() {
    let exported = [Event::ImageExported { pipeline: "crux".into(), image: "xtask/crux:0123".into() }];
    assert_eq!(told(Verbosity::Normal, &exported), "");
    insta::assert_snapshot!(told(Verbosity::Verbose, &exported), @"       image xtask/crux:0123 > from crux");
}
