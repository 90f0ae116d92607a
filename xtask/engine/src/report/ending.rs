//! The end of a run for people who read lines: failures first, each with what one needs to go on,
//! then a line for each result.

use std::fmt::Write as _;

use anstyle::Style;

use super::html::REPORT;
use super::plain_services::{artifacts, left};
use super::run::{Run, Service, Step, Test};
use super::style::{DIM, GREEN, RED, YELLOW, before, counts, line, speaker};
use crate::event::{TestCounts, TestFailure};

/// Lines of one failed test that are shown; the rest is in the log.
const MESSAGE: usize = 24;
/// Failed tests of one command that are told at length; the others by name.
const AT_LENGTH: usize = 10;
/// Services with errors that are shown beside a failed test, and lines of each.
const SERVICES: usize = 3;
const ERRORS: usize = 3;
/// A service may write what went wrong a moment after the test saw it, in seconds.
const AFTERWARDS: f64 = 1.0;

/// All failures at length. `streamed` is the step whose output is the last thing on the screen: it is
/// not repeated.
pub(super) fn failures(run: &Run, streamed: Option<&str>) -> String {
    let tests = run.tests.iter().map(|test| test_failures(run, test, streamed));
    let steps = run.pipelines.iter().flat_map(|pipeline| {
        let told = move |step| step_failure(step, &pipeline.name, streamed);
        pipeline.steps.iter().filter_map(told)
    });
    let services = run.services.iter().filter_map(service_failure);
    tests.chain(steps).chain(services).collect()
}

/// A line for each result, and where to look.
pub(super) fn results(run: &Run) -> String {
    let now = run.unix + run.end.as_ref().map_or(0.0, |end| end.seconds);
    let mut text = String::new();
    for test in &run.tests {
        let (style, status, what) = result(test, now);
        text += &line(style, status, &what);
    }
    for pipeline in &run.pipelines {
        for step in &pipeline.steps {
            if let Some(failure) = &step.failure {
                text += &failed_step(&pipeline.name, &step.step, failure.exit_code);
            }
        }
    }
    for failure in run.services.iter().filter_map(|service| service.failure.as_ref()) {
        text += &line(RED, "FAILED", &failure.why);
    }
    for (folder, entries) in run.tests.iter().filter_map(|test| test.artifacts.as_ref()).chain(&run.logs) {
        if !entries.is_empty() {
            text += &artifacts(folder, entries);
        }
    }
    let failed = run.end.as_ref().is_some_and(|end| end.exit_code != 0);
    if failed && !run.record.is_empty() && !run.pipelines.is_empty() {
        text += &line(DIM, "report", &format!("{}/{REPORT}", run.record));
    }
    if let Some(kept) = &run.left {
        text += &left(&kept.session, kept.engine.as_deref(), &kept.services);
    }
    text
}

/// That a step failed that is no test.
pub(super) fn failed_step(pipeline: &str, step: &str, exit_code: Option<i32>) -> String {
    let how = exit_code.map_or_else(String::new, |code| format!(", exit code {code}"));
    line(RED, "FAILED", &format!("{pipeline}: {step}{how}"))
}

/// How a test command ended, as style, word and text; `now` is in seconds since 1970.
pub(super) fn result(test: &Test, now: f64) -> (Style, &'static str, String) {
    let counted = test.counts.map(|counts| self::counts(&counts));
    if test.exit_code == 0 {
        let (style, what) = match test.counts {
            Some(TestCounts { passed: 0, failed: 0, skipped: 0 }) => (YELLOW, "no test ran".into()),
            Some(TestCounts { passed: 0, failed: 0, skipped }) => {
                (YELLOW, format!("no test ran: {skipped} skipped"))
            }
            _ => (GREEN, counted.unwrap_or_else(|| "passed".into())),
        };
        let from_cache = match (test.cached, &test.before) {
            (false, _) => String::new(),
            (true, None) => ", CACHED".into(),
            (true, Some(made)) => format!(", CACHED ({})", before(made, now)),
        };
        return (style, "PASSED", format!("{}: {what}{from_cache}", test.pipeline));
    }
    let what = match (test.timed_out, &test.broken, counted) {
        (true, ..) => "stopped by the time limit".into(),
        (false, Some(_), _) => "stopped, for something that it needs broke".into(),
        (false, None, Some(counted)) => counted,
        (false, None, None) => format!("exit code {}", test.exit_code),
    };
    (RED, "FAILED", format!("{}: {what}", test.pipeline))
}

fn test_failures(run: &Run, test: &Test, streamed: Option<&str>) -> String {
    if test.exit_code == 0 {
        return String::new();
    }
    let mut text = String::new();
    if test.failures.is_empty() && test.broken.is_none() {
        let shown = streamed == Some(&speaker(&test.step, &test.pipeline));
        if !shown {
            text += &last_lines(&test.step, &test.pipeline, Some(test.exit_code), &test.tail);
        }
    } else if test.broken.is_none() {
        for failure in test.failures.iter().take(AT_LENGTH) {
            text += &at_length(run, test, failure);
        }
        for failure in test.failures.iter().skip(AT_LENGTH) {
            let _ = writeln!(text, "\n{}", headline(failure));
        }
        let _ = writeln!(text, "\nfailed in: {}", speaker(&test.step, &test.pipeline));
        return text + &complete_output(&test.log, "");
    }
    text + &complete_output(&test.log, "\n")
}

fn headline(failure: &TestFailure) -> String {
    format!("{RED}FAILED{RED:#} {} {DIM}({}){DIM:#}", failure.name, failure.place())
}

fn at_length(run: &Run, test: &Test, failure: &TestFailure) -> String {
    let mut text = format!("\n{}\n", headline(failure));
    let lines: Vec<&str> = failure.message.lines().collect();
    for line in lines.iter().take(MESSAGE) {
        let _ = writeln!(text, "    {line}");
    }
    if lines.len() > MESSAGE {
        let _ = writeln!(text, "    … {} more lines in the log", lines.len() - MESSAGE);
    }
    for (service, errors) in errors_meanwhile(run, test, failure).into_iter().take(SERVICES) {
        let _ = writeln!(text, "\n    {YELLOW}{service}{YELLOW:#} told of errors at that moment:");
        for error in errors.iter().take(ERRORS) {
            let _ = writeln!(text, "    | {error}");
        }
        if errors.len() > ERRORS {
            let _ = writeln!(text, "    | … {} more in its log", errors.len() - ERRORS);
        }
    }
    if !failure.again.is_empty() {
        let _ = writeln!(text, "\n    {DIM}again:{DIM:#} {}", failure.again);
    }
    text
}

/// The services whose logs told of errors while a test ran, with these lines. A tool that does not
/// tell when its tests began ran them all at some time in its step.
pub(super) fn errors_meanwhile<'a>(
    run: &'a Run,
    test: &Test,
    failure: &TestFailure,
) -> Vec<(&'a str, Vec<&'a str>)> {
    let (from, to) = match failure.started {
        Some(started) => (started - run.unix, started - run.unix + failure.seconds + AFTERWARDS),
        None => {
            let steps = run.pipelines.iter().flat_map(|pipeline| &pipeline.steps);
            let step = steps.filter(|step| step.id == test.id).find_map(|step| step.started);
            (step.unwrap_or_default(), test.at)
        }
    };
    let errors = |service: &'a Service| -> Vec<&'a str> {
        let meanwhile = service.errors.iter().filter(|(at, _)| (from..=to).contains(at));
        meanwhile.map(|(_, line)| line.as_str()).collect()
    };
    let services = run.services.iter().map(|service| (service.name.as_str(), errors(service)));
    services.filter(|(_, errors)| !errors.is_empty()).collect()
}

fn step_failure(step: &Step, pipeline: &str, streamed: Option<&str>) -> Option<String> {
    let failure = step.failure.as_ref()?;
    let shown = failure.tail.is_empty() || streamed == Some(&speaker(&step.step, pipeline));
    let output = match shown {
        true => String::new(),
        false => last_lines(&step.step, pipeline, failure.exit_code, &failure.tail),
    };
    Some(output + &complete_output(&failure.log, "\n"))
}

/// A service's failure: its last lines, and where all of them are.
fn service_failure(service: &Service) -> Option<String> {
    let failure = service.failure.as_ref()?;
    let mut text = format!("\n{RED}FAILED{RED:#} {}\n", failure.why);
    if failure.tail.is_empty() && !failure.log.is_empty() {
        text += "    it said nothing\n";
    }
    for line in &failure.tail {
        let _ = writeln!(text, "    {line}");
    }
    if !failure.log.is_empty() {
        let _ = writeln!(text, "\nits complete log: {}", failure.log);
    }
    Some(text)
}

fn last_lines(step: &str, pipeline: &str, exit_code: Option<i32>, tail: &[String]) -> String {
    let how = exit_code.map_or_else(|| "failed".to_owned(), |code| format!("ended with exit code {code}"));
    let after = if tail.is_empty() { " and said nothing" } else { "; its last lines:" };
    let mut text = format!("\n{} {how}{after}\n", speaker(step, pipeline));
    for line in tail {
        let _ = writeln!(text, "    {line}");
    }
    text
}

fn complete_output(log: &str, before: &str) -> String {
    if log.is_empty() { String::new() } else { format!("{before}complete output: {log}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, SCHEMA, StepKind};

    fn said(service: &str, text: &str) -> Event {
        Event::ServiceLog { service: service.into(), text: text.into() }
    }

    fn failure(name: &str, started: Option<f64>) -> TestFailure {
        TestFailure {
            name: name.into(),
            file: "e2e/teams.spec.ts".into(),
            line: Some(39),
            started: started.map(|at| 1e9 + at),
            seconds: 4.0,
            message: "expected a list".into(),
            rerun: vec!["e2e/teams.spec.ts:36".into()],
            again: "cargo xtask e2e -- e2e/teams.spec.ts:36".into(),
        }
    }

    /// A run whose services spoke at 5, 12 and 13 seconds, with a test step from 10 to 20.
    fn run(failures: Vec<TestFailure>) -> Run {
        let (pipeline, id, step) =
            ("e2e".to_owned(), "run:e2e".to_owned(), "test npm run test:e2e".to_owned());
        let started = Event::RunStarted {
            schema: SCHEMA,
            run: "1-1".into(),
            task: "e2e".into(),
            command: "e2e".into(),
            unix: 1e9,
            record: "runs/1-1".into(),
        };
        let begun = Event::StepStarted {
            pipeline: pipeline.clone(),
            id: id.clone(),
            step: step.clone(),
            kind: StepKind::Test,
        };
        let finished = Event::TestFinished {
            pipeline,
            id,
            step,
            exit_code: 1,
            cached: false,
            before: None,
            timed_out: false,
            broken: None,
            counts: None,
            failures,
            suites: Vec::new(),
            tail: Vec::new(),
            log: "runs/1/e2e/output.log".into(),
        };
        let events = [
            (0.0, started),
            (5.0, said("crux", "ERROR before any test\n")),
            (10.0, begun),
            (12.0, said("crux", "all is well, 0 errors\n\u{1b}[31mERROR\u{1b}[0m the database said no\n")),
            (13.0, said("database", "FATAL: one\nFATAL: two\nFATAL: three\nFATAL: four\nFATAL: five\n")),
            (20.0, finished),
        ];
        let mut run = Run::default();
        events.iter().for_each(|(at, event)| run.apply(*at, event));
        run
    }

    #[test]
    fn a_failed_test_shows_what_services_said_at_that_moment() {
        let all = [failure("finds all teams", Some(11.0)), failure("another, later", Some(16.0))];
        let text = failures(&run(all.into()), None);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
    }

    #[test]
    fn a_tool_that_tells_no_times_ran_its_tests_at_some_time_of_its_step() {
        let run = run(vec![failure("finds all teams", None)]);
        let errors = errors_meanwhile(&run, &run.tests[0], &run.tests[0].failures[0]);
        let counts: Vec<(&str, usize)> = errors.iter().map(|(name, errors)| (*name, errors.len())).collect();
        assert_eq!(counts, [("crux", 1), ("database", 5)]);
    }

    #[test]
    fn many_failures_are_told_by_name() {
        let all = (1..=12).map(|number| failure(&format!("test {number}"), Some(100.0))).collect();
        let text = failures(&run(all), None);
        assert_eq!(text.matches("again:").count(), AT_LENGTH);
        assert_eq!(text.matches("FAILED").count(), 12);
    }
}
