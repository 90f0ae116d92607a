//! The reports are real ones, of the oldest version that the application uses and the newest there
//! was, shortened by hand; `/src` stands for where they were made.

use std::fmt::Write;

use super::*;
use crate::event::TestCounts;

const OLD: &[u8] = include_bytes!("fixtures/1.42.1.json");
const NEW: &[u8] = include_bytes!("fixtures/1.65.1.json");
const OLD_NOT_LOADED: &[u8] = include_bytes!("fixtures/1.42.1-not-loaded.json");
const NEW_NOT_LOADED: &[u8] = include_bytes!("fixtures/1.65.1-not-loaded.json");

fn read(report: &[u8]) -> TestResults {
    parse(report, "/src/", "web/crux-ui/").unwrap()
}

/// All that people see of results.
fn shown(results: &TestResults) -> String {
    let mut text = String::new();
    for suite in &results.suites {
        let _ = writeln!(text, "{}", suite.file);
        for Case { name, status, output, .. } in &suite.cases {
            let (word, message) = match status {
                CaseStatus::Passed => ("passed ", ""),
                CaseStatus::Failed(message) => ("failed ", message.as_str()),
                CaseStatus::Skipped => ("skipped", ""),
            };
            let _ = writeln!(text, "  {word} {name}");
            for line in message.lines() {
                let _ = writeln!(text, "    | {line}");
            }
            for line in output.lines() {
                let _ = writeln!(text, "    > {line}");
            }
        }
    }
    text
}

fn counts(results: &TestResults) -> (u64, u64, u64) {
    let TestCounts { passed, failed, skipped, .. } = results.counts();
    (passed, failed, skipped)
}

#[test]
fn a_report_of_the_oldest_version() {
    let results = read(OLD);
    assert_eq!(counts(&results), (8, 6, 3));
    insta::assert_snapshot!(shown(&results));
}

#[test]
fn a_report_of_the_newest_version() {
    let results = read(NEW);
    assert_eq!(counts(&results), (8, 6, 3));
    insta::assert_snapshot!(shown(&results));
}

#[test]
fn both_versions_name_the_same_tests_in_the_same_order() {
    let names = |results: TestResults| -> Vec<(String, Vec<String>)> {
        let suites = results.suites.into_iter();
        suites.map(|suite| (suite.file, suite.cases.into_iter().map(|case| case.name).collect())).collect()
    };
    assert_eq!(names(read(OLD)), names(read(NEW)));
}

#[test]
fn the_time_of_a_test_is_that_of_all_its_attempts() {
    let results = read(NEW);
    let sign_in = results.suites.iter().find(|suite| suite.file.ends_with("sign-in.spec.ts")).unwrap();
    let late = sign_in.cases.iter().find(|case| case.name.ends_with("times out")).unwrap();
    assert!((late.seconds - 3.005).abs() < 1e-9, "{}", late.seconds);
    assert!((sign_in.seconds - sign_in.cases.iter().map(|case| case.seconds).sum::<f64>()).abs() < 1e-9);
}

#[test]
fn files_that_cannot_be_loaded_are_a_failure() {
    let [old, new] = [OLD_NOT_LOADED, NEW_NOT_LOADED].map(|report| shown(&read(report)));
    assert_eq!(old, new);
    insta::assert_snapshot!(new);
}

#[test]
fn errors_of_no_test_are_failures_beside_the_tests() {
    let report = |errors: &str| {
        let tests = r#"{"title": "a.spec.ts", "file": "../a.spec.ts", "specs": [{"title": "works", "line": 1, "column": 1,
            "tests": [{"projectName": "chromium", "status": "expected", "results": [{"status": "passed", "duration": 5}]}]}]}"#;
        format!(r#"{{"config": {{"rootDir": "/src/e2e"}}, "suites": [{tests}], "errors": [{errors}]}}"#)
    };
    let late = r#"{"message": "Timed out waiting 2s for the test suite to run"}"#;
    let nothing = r#"{"message": "Error: No tests found", "stack": "Error: No tests found"}"#;
    let there = r#"{"message": "\u001b[31mError: late\u001b[39m", "location": {"file": "/src/a.spec.ts", "line": 1, "column": 2}}"#;
    let both = read(report(&format!("{late}, {there}")).as_bytes());
    insta::assert_snapshot!(shown(&both));
    assert_eq!(counts(&read(report(nothing).as_bytes())), (1, 1, 0));
}

#[test]
fn the_project_is_not_named_when_only_one_ran() {
    let one = String::from_utf8_lossy(NEW)
        .replace("\"firefox\"", "\"chromium\"")
        .replace("\"setup\"", "\"chromium\"");
    let names = shown(&read(one.as_bytes()));
    assert!(names.contains("  passed  sign in › with a code › works\n"), "{names}");
}

#[test]
fn something_else_than_a_report_is_an_error() {
    let error = parse(br#"{"testResults": []}"#, "/src/", "").unwrap_err();
    assert!(error.starts_with("Playwright's report cannot be read: missing field `config`"), "{error}");
}
