use super::*;
use crate::event::{SCHEMA, TestCounts};
use crate::report::TimedEvent;
use crate::report::fixtures::{E2E_FAILED, SERVICE_FAILED, TEST_CACHED, events};
use crate::results::{Case, CaseStatus, Suite};

/// What the file says after these events.
fn after(events: impl IntoIterator<Item = TimedEvent>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/junit.xml");
    let mut junit = Junit::create(&path, |error| panic!("{error}")).unwrap();
    for TimedEvent { at, event } in events {
        junit.event(Duration::from_secs_f64(at), &event);
    }
    fs::read_to_string(path).unwrap()
}

fn read(xml: &str) -> Report {
    Report::deserialize_from_str(xml).unwrap_or_else(|error| panic!("{error}: {xml}"))
}

fn at(event: Event) -> TimedEvent {
    TimedEvent { at: 1.5, event }
}

fn started() -> TimedEvent {
    let (run, task, command) = ("1-1".into(), "test".into(), "test".into());
    at(Event::RunStarted { schema: SCHEMA, run, task, command, unix: 1e9, record: String::new() })
}

fn finished(exit_code: i32, error: Option<&str>) -> TimedEvent {
    at(Event::RunFinished { exit_code, seconds: 1.5, error: error.map(str::to_owned) })
}

/// The end of a test command with one case.
fn test(exit_code: i32, case: Option<(&str, CaseStatus)>) -> TimedEvent {
    let case = case.map(|(output, status)| Case {
        name: "Health answers".into(),
        seconds: 0.25,
        line: None,
        started: None,
        status,
        output: output.into(),
    });
    at(Event::TestFinished {
        pipeline: "test-crux".into(),
        id: "sha256:4".into(),
        step: "test npm run test".into(),
        exit_code,
        cached: exit_code == 0,
        before: None,
        timed_out: exit_code == 124,
        broken: None,
        counts: case.as_ref().map(|_| TestCounts::default()),
        failures: Vec::new(),
        suites: case
            .map(|case| Suite { file: "web/crux/src/a.spec.ts".into(), seconds: 0.5, cases: vec![case] })
            .into_iter()
            .collect(),
        tail: if exit_code == 0 { Vec::new() } else { vec!["one <of>".into(), "the last lines".into()] },
        log: "target/xtask/runs/1/test-crux/output.log".into(),
    })
}

#[test]
fn tests_that_failed_among_services() {
    let xml = after(events(E2E_FAILED));
    insta::assert_snapshot!(xml);
    let report = read(&xml);
    assert_eq!((report.tests, report.failures, report.errors), (7, 4, 0));
}

#[test]
fn a_cached_test_still_tells_its_results() {
    let report = read(&after(events(TEST_CACHED)));
    assert_eq!((report.tests, report.failures, report.errors), (104, 0, 0));
    assert!(report.test_suites[0].name.as_str().starts_with("test-ui › web/crux-ui/src/"));
}

#[test]
fn a_service_that_failed_before_any_test() {
    insta::assert_snapshot!(after(events(SERVICE_FAILED)));
}

#[test]
fn commands_that_reported_nothing() {
    insta::assert_snapshot!(after([
        started(),
        test(7, None),
        test(0, None),
        finished(1, Some("1 of 2 failed"))
    ]));
}

#[test]
fn a_command_that_failed_though_no_test_did_is_red() {
    let passed = || Some(("", CaseStatus::Passed));
    let report = read(&after([started(), test(1, passed()), finished(1, None)]));
    assert_eq!((report.tests, report.errors), (2, 1));
    let report = read(&after([started(), test(124, passed()), finished(1, None)]));
    assert_eq!((report.tests, report.errors), (2, 1));
}

#[test]
fn a_run_that_failed_as_a_whole_was_stopped_or_killed_is_red() {
    let whole = read(&after([started(), finished(3, Some("no container engine answers"))]));
    assert_eq!((whole.tests, whole.errors), (1, 1));
    let stopped = after([started(), test(0, None), finished(130, Some("stopped by Ctrl-C"))]);
    assert!(stopped.contains("stopped by Ctrl-C"), "{stopped}");
    assert_eq!(read(&stopped).errors, 1);
    let killed = after([started(), test(0, None)]);
    assert!(killed.contains("the run did not end"), "{killed}");
    assert_eq!(read(&killed).errors, 1);
    assert_eq!(read(&after([started(), test(0, None), finished(0, None)])).errors, 0);
}

#[test]
fn what_xml_forbids_is_taken_out() {
    let output = "\u{1b}[31mred\u{1b}[0m\u{0}\u{8}\u{fffe}\u{ffff} & ]]> <b>\n";
    let failed = CaseStatus::Failed(format!("{output}second"));
    let xml = after([started(), test(1, Some((output, failed))), finished(1, None)]);
    let report = read(&xml);
    let said = report.test_suites[0].test_cases[0].system_out.as_ref().unwrap().as_str();
    assert_eq!(said.trim_end(), "red\u{fffd}\u{fffd} & ]]> <b>");
    assert!(!xml.contains(|char: char| char < ' ' && !matches!(char, '\n' | '\t')), "{xml:?}");
}

#[test]
fn a_path_that_cannot_be_written_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Junit::create(folder.path(), |_| {}).is_err(), "a folder");
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(Junit::create(&folder.path().join("file/junit.xml"), |_| {}).is_err());
}

#[test]
fn a_file_that_is_lost_meanwhile_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/junit.xml");
    let (tell, told) = std::sync::mpsc::channel();
    let mut junit = Junit::create(&path, move |error| tell.send(error.kind()).unwrap()).unwrap();
    fs::remove_dir_all(folder.path().join("a")).unwrap();
    junit.event(Duration::ZERO, &finished(0, None).event);
    assert_eq!(told.try_recv(), Ok(io::ErrorKind::NotFound));
}
