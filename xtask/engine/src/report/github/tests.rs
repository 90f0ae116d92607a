use std::fs;

use super::*;
use crate::event::TestCounts;
use crate::event::{SCHEMA, ServiceState, TestFailure};
use crate::report::TimedEvent;
use crate::report::fixtures::{E2E_FAILED, Page, SERVICE_FAILED, TEST_CACHED, events};

/// What was told, and the summary, of a run that is told so.
fn told(verbosity: Verbosity, events: impl IntoIterator<Item = TimedEvent>) -> (String, String) {
    let (page, summary) = (Page::default(), tempfile::NamedTempFile::new().unwrap());
    let options = GithubOptions {
        record: "target/xtask/runs/1".into(),
        token: "TOKEN".into(),
        files: Some("tests/sample/".into()),
        summary: Some(summary.path().to_owned()),
    };
    let mut github = Github::new(page.clone(), verbosity, options, || {});
    for TimedEvent { at, event } in events {
        github.event(Duration::from_secs_f64(at), &event);
    }
    (page.text(), fs::read_to_string(summary.path()).unwrap())
}

fn at(event: Event) -> TimedEvent {
    TimedEvent { at: 2.0, event }
}

fn run(events: impl IntoIterator<Item = Event>, exit_code: i32) -> Vec<TimedEvent> {
    let (run, task, command) = ("1-1".into(), "test".into(), "test --rerun".into());
    let started = Event::RunStarted { schema: SCHEMA, run, task, command, unix: 1e9, record: String::new() };
    let finished = Event::RunFinished { exit_code, seconds: 2.0, error: None };
    [started].into_iter().chain(events).chain([finished]).map(at).collect()
}

fn pipeline(name: &str, passed: bool) -> [Event; 2] {
    let (pipeline, seconds, cached, ran, error) = (name.to_owned(), 1.0, 0, 1, None);
    let started = Event::PipelineStarted { pipeline: pipeline.clone() };
    [started, Event::PipelineFinished { pipeline, passed, seconds, cached, ran, error }]
}

fn log(pipeline: &str, step: &str, text: &str) -> Event {
    let (pipeline, id, step) = (pipeline.to_owned(), format!("sha256:{step}"), step.to_owned());
    Event::StepLog { pipeline, id, step, seconds: 0.5, text: text.to_owned() }
}

fn ended(pipeline: &str, step: &str, outcome: Outcome) -> Event {
    let (pipeline, id, step) = (pipeline.to_owned(), format!("sha256:{step}"), step.to_owned());
    let (kind, facts) = (StepKind::Exec, String::new());
    Event::StepFinished { pipeline, id, step, kind, outcome, seconds: 1.5, facts }
}

fn failure(name: &str) -> TestFailure {
    TestFailure {
        name: name.into(),
        file: "web/crux/src/a.spec.ts".into(),
        line: Some(12),
        started: None,
        seconds: 0.1,
        message: "expected <0> & got ```1```\n    at web/crux/src/a.spec.ts:12:34".into(),
        rerun: vec!["src/a.spec.ts".into(), "--testNamePattern".into(), format!("^{name}$")],
        again: format!("cargo xtask test-crux -- src/a.spec.ts --testNamePattern '^{name}$'"),
    }
}

fn failed(failures: Vec<TestFailure>) -> Event {
    Event::TestFinished {
        pipeline: "test-crux".into(),
        id: "sha256:4".into(),
        step: "test npm run test".into(),
        exit_code: 1,
        cached: false,
        before: None,
        timed_out: false,
        broken: None,
        counts: Some(TestCounts { passed: 3, failed: failures.len() as u64, skipped: 1 }),
        failures,
        suites: Vec::new(),
        tail: vec!["a last line".into()],
        log: "target/xtask/runs/1/test-crux/output.log".into(),
    }
}

/// Lines that the runner would obey.
fn commands(text: &str) -> Vec<&str> {
    let mut stopped = false;
    let mut found = Vec::new();
    for line in text.lines() {
        match line {
            "::TOKEN::" => stopped = false,
            _ if stopped => {}
            "::stop-commands::TOKEN" => stopped = true,
            _ if line.trim_start().starts_with("::") || line.contains("##[") => found.push(line),
            _ => {}
        }
    }
    assert!(!stopped, "commands are obeyed again: {text}");
    found
}

#[test]
fn tests_that_failed_among_services() {
    let (text, summary) = told(Verbosity::Normal, events(E2E_FAILED));
    insta::assert_snapshot!("e2e_failed", text);
    insta::assert_snapshot!("e2e_failed_summary", summary);
}

#[test]
fn a_service_that_failed() {
    let (text, summary) = told(Verbosity::Quiet, events(SERVICE_FAILED));
    insta::assert_snapshot!("service_failed_quiet", text);
    insta::assert_snapshot!("service_failed_summary", summary);
}

#[test]
fn tests_from_the_cache() {
    let (text, summary) = told(Verbosity::Normal, events(TEST_CACHED));
    insta::assert_snapshot!("test_cached", text);
    insta::assert_snapshot!("test_cached_summary", summary);
}

#[test]
fn steps_that_print_by_turns_have_a_group_each() {
    let [crux, crux_ends] = pipeline("test-crux", true);
    let [ui, ui_ends] = pipeline("test-ui", false);
    let (text, _) = told(
        Verbosity::Normal,
        run(
            [
                crux,
                ui,
                log("test-crux", "exec npm ci", "one\n"),
                log("test-ui", "exec npm run build", "two\n"),
                log("test-crux", "exec npm ci", "three\n"),
                ended("test-crux", "exec npm ci", Outcome::Ran),
                crux_ends,
                log("test-ui", "exec npm run build", "four\n"),
                log("test-ui", "exec never ended", "five\n"),
                ended("test-ui", "exec npm run build", Outcome::Failed { error: "exit code 1".into() }),
                ui_ends,
                log("test-ui", "exec npm run build", "late\n"),
            ],
            1,
        ),
    );
    insta::assert_snapshot!(text);
    let groups: Vec<&str> = commands(&text).into_iter().filter(|line| line.contains("group")).collect();
    for pair in groups.chunks(2) {
        assert!(pair[0].starts_with("::group::") && pair[1] == "::endgroup::", "{groups:?}");
    }
    assert_eq!(groups.len(), 8);
}

#[test]
fn what_programs_print_is_no_command() {
    let evil = "::error::no\n##[error]no\n::add-mask::no\n";
    let service = |state| Event::Service { service: "crux".into(), state, seconds: 1.0 };
    let name = "is ##[error]no\n::error::no";
    let mut failure = failure(name);
    failure.message = evil.into();
    let events = [
        log("test-crux", "exec npm ci", evil),
        ended("test-crux", "exec npm ci", Outcome::Ran),
        Event::ServiceLog { service: "crux".into(), text: "a\r::error::no\nb ##[error]no\n".into() },
        service(ServiceState::Waiting { needs: vec!["##[error]no".into()] }),
        Event::Output { line: "\u{1b}[31m::error::no".into() },
        Event::Detail { text: "##[error]no".into() },
        Event::ServiceFailed {
            service: "crux".into(),
            why: "crux ended: ##[error]no".into(),
            tail: vec!["::error::no".into()],
            log: String::new(),
        },
        failed(vec![failure; 12]),
    ];
    let (text, _) = told(Verbosity::Verbose, run(events, 1));
    for command in commands(&text) {
        let ours = [
            "::group::",
            "::endgroup::",
            "::error file=tests/sample/web/crux/src/a.spec.ts,line=12,title=",
            "::error title=crux::",
            "::error::4 more tests failed; ",
        ];
        assert!(ours.iter().any(|ours| command.starts_with(ours)), "{command} in {text}");
    }
}

#[test]
fn ten_annotations_are_all_and_one_says_how_many_more() {
    let failures = |count: usize| (1..=count).map(|at| failure(&format!("test {at}"))).collect::<Vec<_>>();
    let (text, _) = told(Verbosity::Quiet, run([failed(failures(10))], 1));
    assert_eq!(text.matches("::error ").count(), 10);
    assert!(!text.contains("more"), "{text}");
    let broken = Event::StepFailed {
        pipeline: "test-ui".into(),
        step: "exec npm ci".into(),
        exit_code: Some(1),
        tail: vec!["npm error".into()],
        log: String::new(),
    };
    let (text, summary) = told(Verbosity::Quiet, run([broken, failed(failures(30))], 1));
    let errors: Vec<&str> = commands(&text).into_iter().filter(|line| line.starts_with("::error")).collect();
    assert_eq!(errors.len(), 10);
    assert!(errors[7].contains("test 8") && errors[8].contains("npm error"), "{errors:#?}");
    assert!(errors[9].starts_with("::error::22 more tests failed; "), "{errors:#?}");
    assert!(text.contains("::group::22 more failures\n") && text.contains(" test 30 "), "{text}");
    assert_eq!(summary.matches("<details>").count(), 31);
}

#[test]
fn files_outside_of_the_checkout_are_not_pointed_at() {
    let failures = Failures { tests: vec![("test-crux".into(), failure("adds"))], others: Vec::new() };
    assert!(failures.told(None, "T").contains("\n::error title=test-crux%3A adds::expected"));
    assert!(failures.told(Some(""), "T").contains("::error file=web/crux/src/a.spec.ts,line=12,"));
}

#[test]
fn a_run_that_failed_as_a_whole_is_an_error_too() {
    let failed = Event::RunFinished { exit_code: 3, seconds: 0.1, error: Some("no engine answers".into()) };
    let (text, summary) = told(Verbosity::Normal, [at(failed)]);
    assert!(text.contains("::error title=cargo xtask::no engine answers\n"), "{text}");
    assert!(summary.contains("no engine answers"), "{summary}");
    assert_eq!(told(Verbosity::Quiet, run([], 0)), (String::new(), String::new()));
}

#[test]
fn the_summary_fits_what_github_takes() {
    let many: Vec<_> = (1..=150)
        .map(|at| TestFailure { message: "line\n".repeat(2000), ..failure(&format!("test {at}")) })
        .collect();
    let mut events = run([failed(many)], 1);
    events.insert(1, at(Event::PipelineStarted { pipeline: "test-crux".into() }));
    let (_, summary) = told(Verbosity::Quiet, events.clone());
    assert!(summary.len() <= summary::LIMIT && summary.len() > summary::LIMIT / 2, "{}", summary.len());
    assert!(summary.contains(" more did not fit here"), "…{}", &summary[summary.len() - 200..]);

    // Another command of the same step of the job wrote there before.
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), vec![b'x'; summary::LIMIT - 100]).unwrap();
    let options = GithubOptions { summary: Some(file.path().to_owned()), ..GithubOptions::default() };
    let mut github = Github::new(Page::default(), Verbosity::Normal, options, || {});
    events.iter().for_each(|TimedEvent { event, .. }| github.event(Duration::ZERO, event));
    assert_eq!(fs::metadata(file.path()).unwrap().len() as usize, summary::LIMIT - 100);
}

#[test]
fn what_is_in_a_failure_does_not_end_its_block() {
    let (_, summary) = told(Verbosity::Quiet, run([failed(vec![failure("adds <b>")])], 1));
    assert!(summary.contains("````text\nexpected <0> & got ```1```\n"), "{summary}");
    assert!(summary.contains("<b>adds &lt;b&gt;</b>"), "{summary}");
}

#[test]
fn a_summary_that_cannot_be_written_is_a_note() {
    let (page, folder) = (Page::default(), tempfile::tempdir().unwrap());
    let summary = folder.path().join("none/summary.md");
    let options = GithubOptions { summary: Some(summary.clone()), ..GithubOptions::default() };
    let mut github = Github::new(page.clone(), Verbosity::Normal, options, || {});
    run([], 1).iter().for_each(|TimedEvent { event, .. }| github.event(Duration::ZERO, event));
    let text = page.text();
    let note = format!("note no summary, for {} cannot be written: no such file", summary.display());
    assert!(text.contains(&note), "{text}");
}
