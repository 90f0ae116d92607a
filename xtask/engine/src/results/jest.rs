//! Jest's `--json` report: <https://jestjs.io/docs/configuration#testresultsprocessor-string>.

use serde::Deserialize;

use super::place::Place;
use super::source::Sources;
use super::{Case, CaseStatus, Suite, TestResults};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    test_results: Vec<TestFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestFile {
    name: String,
    status: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    start_time: f64,
    #[serde(default)]
    end_time: f64,
    assertion_results: Vec<Assertion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    full_name: String,
    status: String,
    /// Milliseconds.
    duration: Option<f64>,
    #[serde(default)]
    failure_messages: Vec<String>,
}

/// The name of what failed where a file could not even be loaded.
pub(super) const NO_TEST: &str = "the test file runs";

/// A pattern of `--testNamePattern` for just this name.
pub(super) fn pattern(name: &str) -> String {
    let escape = |text: &mut String, char: char| {
        if r"\^$.|?*+()[]{}/".contains(char) {
            text.push('\\');
        }
        text.push(char);
    };
    let mut text = String::from("^");
    name.chars().for_each(|char| escape(&mut text, char));
    text + "$"
}

/// Reads a report of tests that ran at a place. Unlike jest's own output it does not show the lines
/// that failed: they come from the sources.
pub(super) fn parse(text: &[u8], place: &Place<'_>, sources: &Sources<'_>) -> Result<TestResults, String> {
    let report: Report =
        serde_json::from_slice(text).map_err(|error| format!("jest's report cannot be read: {error}"))?;
    let reader = Reader { place, sources };
    Ok(TestResults { suites: report.test_results.into_iter().map(|file| reader.suite(file)).collect() })
}

struct Reader<'a> {
    place: &'a Place<'a>,
    sources: &'a Sources<'a>,
}

impl Reader<'_> {
    fn suite(&self, file: TestFile) -> Suite {
        let mut cases: Vec<Case> = file.assertion_results.into_iter().map(|case| self.case(case)).collect();
        // A file that does not even load has no tests to fail: the file itself failed.
        if file.status == "failed" && !cases.iter().any(|case| matches!(case.status, CaseStatus::Failed(_))) {
            let status = CaseStatus::Failed(self.message(&file.message));
            cases.push(case(NO_TEST.into(), 0.0, status));
        }
        let seconds = ((file.end_time - file.start_time) / 1000.0).max(0.0);
        Suite { file: self.place.path(&file.name), seconds, cases }
    }

    fn message(&self, text: &str) -> String {
        self.sources.shown(self.place, &self.place.message(text))
    }

    fn case(&self, assertion: Assertion) -> Case {
        let status = match assertion.status.as_str() {
            "passed" => CaseStatus::Passed,
            "failed" => CaseStatus::Failed(self.message(&assertion.failure_messages.join("\n\n"))),
            _ => CaseStatus::Skipped, // pending, todo, skipped, disabled
        };
        case(assertion.full_name, assertion.duration.unwrap_or(0.0) / 1000.0, status)
    }
}

/// A test of jest's, which does not tell who of them wrote something.
fn case(name: String, seconds: f64, status: CaseStatus) -> Case {
    Case { name, seconds, line: None, started: None, status, output: String::new() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::UNIX_EPOCH;

    use super::*;

    fn no_sources() -> Sources<'static> {
        Sources { folder: Path::new("nowhere"), at: UNIX_EPOCH, clean: &std::convert::identity }
    }

    #[test]
    fn tests_files_that_do_not_load_and_skipped_tests_are_told_apart() {
        let results = parse(
            br#"{"testResults": [
                {"name": "/src/a.spec.ts", "status": "failed", "startTime": 1000, "endTime": 2500, "message": "",
                 "assertionResults": [
                   {"fullName": "a works", "status": "passed", "duration": 5, "failureMessages": []},
                   {"fullName": "a breaks", "status": "failed", "duration": 7, "failureMessages":
                     ["\u001b[31mno\u001b[39m\n    at x (/src/a.spec.ts:1:2)\n    at y (/src/node_modules/z.js:3:4)"]},
                   {"fullName": "a waits", "status": "todo", "failureMessages": []}]},
                {"name": "/src/b.spec.ts", "status": "failed", "startTime": 0, "endTime": 0,
                 "message": "Cannot find module 'x'", "assertionResults": []}]}"#,
            &Place { in_container: "/src/", in_repository: "web/crux/" },
            &no_sources(),
        )
        .unwrap();
        let counts = results.counts();
        assert_eq!((counts.passed, counts.failed, counts.skipped), (1, 2, 1));
        let format = crate::results::ReportFormat::Jest {
            file: String::new(),
            in_container: "/src/".into(),
            in_repository: "web/crux/".into(),
            on_host: "nowhere".into(),
        };
        let failures = results.failures(&format);
        assert_eq!((failures[0].line, failures[1].line), (Some(1), None));
        assert_eq!(failures[0].rerun, ["a.spec.ts", "--testNamePattern", "^a breaks$"]);
        assert_eq!(failures[1].rerun, ["b.spec.ts"]);
        assert_eq!(failures[0].message, "no\n    at x (web/crux/a.spec.ts:1:2)");
        assert_eq!(failures[0].file, "web/crux/a.spec.ts");
        assert_eq!(failures[1].message, "Cannot find module 'x'");
        assert!((results.suites[0].seconds - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_pattern_is_for_just_one_name() {
        assert_eq!(pattern("GET /teams/:id (a+b) [x]?"), r"^GET \/teams\/:id \(a\+b\) \[x\]\?$");
    }

    #[test]
    fn something_else_than_a_report_is_an_error() {
        let place = Place { in_container: "/src/", in_repository: "" };
        assert!(parse(b"{}", &place, &no_sources()).unwrap_err().starts_with("jest's report cannot be read"));
    }
}
