//! JUnit XML, as CI systems read it.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Case, CaseStatus, Suite, TestResults};

pub(super) fn write(results: &TestResults, name: &str) -> Result<String, String> {
    let mut report = Report::new(name);
    report.add_test_suites(results.suites.iter().map(suite));
    report.to_string().map_err(|error| format!("cannot write JUnit: {error}"))
}

fn suite(suite: &Suite) -> TestSuite {
    let mut written = TestSuite::new(suite.file.as_str());
    written.set_time(Duration::try_from_secs_f64(suite.seconds).unwrap_or_default());
    written.add_test_cases(suite.cases.iter().map(|case| self::case(case, &suite.file)));
    written
}

fn case(case: &Case, file: &str) -> TestCase {
    let status = match &case.status {
        CaseStatus::Passed => TestCaseStatus::success(),
        CaseStatus::Skipped => TestCaseStatus::skipped(),
        CaseStatus::Failed(message) => {
            let mut failed = TestCaseStatus::non_success(NonSuccessKind::Failure);
            failed.set_message(message.lines().next().unwrap_or_default());
            failed.set_description(message.as_str());
            failed
        }
    };
    let mut written = TestCase::new(case.name.as_str(), status);
    written.set_classname(file);
    written.set_time(Duration::try_from_secs_f64(case.seconds).unwrap_or_default());
    if !case.output.is_empty() {
        written.set_system_out(case.output.as_str());
    }
    written
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
