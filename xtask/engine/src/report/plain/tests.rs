use std::io;
use std::sync::{Arc, Mutex};

use super::*;
use crate::event::TestCounts;

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is on the screen after these events and the end of the run with this code.
fn screen(verbosity: Verbosity, events: &[Event], exit_code: i32) -> String {
    anstream::adapter::strip_str(&colored(verbosity, events, exit_code)).to_string()
}

fn colored(verbosity: Verbosity, events: &[Event], exit_code: i32) -> String {
    let screen = Screen::default();
    let mut plain = Plain::new(screen.clone(), verbosity, || {});
    let end = Event::RunFinished { exit_code, seconds: 1.0, error: None };
    events.iter().chain([&end]).for_each(|event| plain.event(Duration::ZERO, event));
    String::from_utf8(screen.0.lock().unwrap().clone()).unwrap()
}

fn log(pipeline: &str, text: &str) -> Event {
    let (pipeline, step) = (pipeline.to_owned(), "exec npm ci".to_owned());
    Event::StepLog { pipeline, id: String::new(), step, seconds: 0.5, text: text.to_owned() }
}

fn ended(pipeline: &str, exit_code: Option<i32>) -> [Event; 2] {
    let (pipeline, step) = (pipeline.to_owned(), "exec npm ci".to_owned());
    let finished = Event::StepFinished {
        pipeline: pipeline.clone(),
        id: String::new(),
        step: step.clone(),
        kind: StepKind::Exec,
        outcome: Outcome::Failed { error: "exit code: 1".into() },
        seconds: 0.6,
        facts: String::new(),
    };
    [
        finished,
        Event::StepFailed { pipeline, step, exit_code, tail: vec!["npm error".into()], log: String::new() },
    ]
}

#[test]
fn last_lines_that_are_still_the_last_on_the_screen_are_not_repeated() {
    let [finished, failed] = ended("test-ui", Some(1));
    let text = screen(Verbosity::Normal, &[log("test-ui", "npm error"), finished, failed], 1);
    assert_eq!(
        text,
        "             exec npm ci > in test-ui\n\
         [0.50s] npm error\n      \
         FAILED exec npm ci > in test-ui (0.60s)\n      \
         FAILED test-ui: exec npm ci, exit code 1\n      \
         Failed in 1.00s\n"
    );
}

#[test]
fn last_lines_are_told_at_the_end_when_something_else_came_after_them() {
    let [finished, failed] = ended("test-ui", Some(1));
    let other = log("test-crux", "the other one");
    let text = screen(Verbosity::Normal, &[log("test-ui", "npm error"), finished, failed, other], 1);
    let (_, end) = text.split_once("the other one\n").unwrap();
    assert_eq!(
        end,
        "\nexec npm ci > in test-ui ended with exit code 1; its last lines:\n    npm error\n\n      \
         FAILED test-ui: exec npm ci, exit code 1\n      \
         Failed in 1.00s\n"
    );
}

#[test]
fn quiet_tells_the_last_lines_of_what_failed_once() {
    let [finished, failed] = ended("test-ui", None);
    let text = screen(Verbosity::Quiet, &[log("test-ui", "npm error"), finished, failed], 1);
    assert_eq!(
        text,
        "\nexec npm ci > in test-ui failed; its last lines:\n    npm error\n\n      \
         FAILED test-ui: exec npm ci\n"
    );
}

#[test]
fn a_run_that_was_stopped_did_not_fail() {
    assert_eq!(screen(Verbosity::Normal, &[], 130), "     Stopped after 1.00s\n");
}

#[test]
fn a_failure_before_any_pipeline_has_no_footer() {
    assert_eq!(screen(Verbosity::Normal, &[], 2), "");
    let began = Event::PipelineStarted { pipeline: "test-ui".into() };
    assert_eq!(screen(Verbosity::Normal, &[began], 3), "      Failed in 1.00s\n");
    assert_eq!(screen(Verbosity::Normal, &[], 0), "    Finished in 1.00s\n");
    let printed = Event::Output { line: "a result".into() };
    assert_eq!(screen(Verbosity::Normal, &[printed], 0), "a result\n");
}

#[test]
fn that_no_test_ran_is_told_in_yellow() {
    let passed = |passed, skipped| {
        let test = Event::TestFinished {
            pipeline: "test-ui".into(),
            id: String::new(),
            step: "test npm run test".into(),
            exit_code: 0,
            cached: false,
            before: None,
            timed_out: false,
            broken: None,
            counts: Some(TestCounts { passed, failed: 0, skipped }),
            failures: Vec::new(),
            suites: Vec::new(),
            tail: Vec::new(),
            log: String::new(),
        };
        colored(Verbosity::Normal, &[test], 0)
    };
    let text = passed(0, 96);
    assert!(text.starts_with(&line(YELLOW, "PASSED", "test-ui: no test ran: 96 skipped")), "{text}");
    let text = passed(0, 0);
    assert!(text.starts_with(&line(YELLOW, "PASSED", "test-ui: no test ran")), "{text}");
    let text = passed(1, 96);
    assert!(text.starts_with(&line(GREEN, "PASSED", "test-ui: 1 passed, 96 skipped")), "{text}");
}
