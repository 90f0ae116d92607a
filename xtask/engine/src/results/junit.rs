//! JUnit XML, as CI systems read it.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Case, CaseStatus, Suite, TestResults};

pub(super) fn write(results: &TestResults, name: &str) -> Result<String, String> {
    let mut report = Report::new(name);
    report.add_test_suites(results.suites.iter().map(suite));
    report.to_string().map_err(|error| format!("cannot write JUnit: {error}"))
}

/// The tests of one file.
pub(crate) fn suite(suite: &Suite) -> TestSuite {
    let mut written = TestSuite::new(text(&suite.file));
    written.set_time(duration(suite.seconds));
    written.add_test_cases(suite.cases.iter().map(|case| self::case(case, &suite.file)));
    written
}

fn case(case: &Case, file: &str) -> TestCase {
    let status = match &case.status {
        CaseStatus::Passed => TestCaseStatus::success(),
        CaseStatus::Skipped => TestCaseStatus::skipped(),
        CaseStatus::Failed(message) => {
            let mut failed = TestCaseStatus::non_success(NonSuccessKind::Failure);
            failed.set_message(text(message.lines().next().unwrap_or_default()));
            failed.set_description(text(message));
            failed
        }
    };
    let mut written = TestCase::new(text(&case.name), status);
    written.set_classname(text(file));
    written.set_time(duration(case.seconds));
    if !case.output.is_empty() {
        written.set_system_out(text(&case.output));
    }
    written
}

/// Seconds, as JUnit has them.
pub(crate) fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// A text without what XML forbids and the crate lets through; it takes out control characters and
/// colours by itself.
pub(crate) fn text(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_become_junit() {
        let case = |name: &str, status| Case {
            name: name.into(),
            seconds: 0.25,
            line: None,
            started: None,
            status,
            output: if name == "adds" { "1 & 2\n".into() } else { String::new() },
        };
        let cases = vec![
            case("adds", CaseStatus::Passed),
            case("subtracts <1>", CaseStatus::Failed("expected 1 & got 2\nat x.ts:3".into())),
            case("divides", CaseStatus::Skipped),
        ];
        let results = TestResults { suites: vec![Suite { file: "sum.spec.ts".into(), seconds: 0.5, cases }] };
        insta::assert_snapshot!(write(&results, "test-crux").unwrap());
    }
}
