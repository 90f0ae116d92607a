//! The report of Playwright's JSON reporter: <https://playwright.dev/docs/test-reporters#json-reporter>.
//! Its shape is `JSONReport` in Playwright's `types/testReporter.d.ts`.

use std::collections::BTreeSet;
use std::time::UNIX_EPOCH;

use serde::Deserialize;

use super::place::{Place, plain};
use super::{Case, CaseStatus, Suite, TestResults};

/// The name of what failed where no test did: a file that cannot be loaded, a global set-up.
const NO_TEST: &str = "outside of any test";
/// What Playwright also says when the files with tests could not be loaded.
const NOTHING_FOUND: &str = "Error: No tests found";

#[derive(Deserialize)]
struct Report {
    config: Config,
    #[serde(default)]
    suites: Vec<Group>,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    /// What the files of suites are relative to.
    root_dir: String,
    config_file: Option<String>,
}

/// A file, or a `describe` in it.
#[derive(Deserialize)]
struct Group {
    title: String,
    file: String,
    #[serde(default)]
    specs: Vec<Spec>,
    #[serde(default)]
    suites: Vec<Group>,
}

/// A test as it is written.
#[derive(Deserialize)]
struct Spec {
    title: String,
    line: u32,
    column: u32,
    tests: Vec<Test>,
}

/// A test as it is run, in one project.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    #[serde(default)]
    project_name: String,
    #[serde(default)]
    expected_status: String,
    /// Whether it is what was expected, not how it ended.
    status: String,
    results: Vec<Attempt>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    /// None if it never ran.
    status: Option<String>,
    /// `2026-01-31T12:00:00.000Z`.
    start_time: Option<String>,
    /// Milliseconds.
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    errors: Vec<Problem>,
    #[serde(default)]
    stdout: Vec<Output>,
    #[serde(default)]
    stderr: Vec<Output>,
}

impl Attempt {
    /// In seconds since 1970.
    fn started(&self) -> Option<f64> {
        let started = humantime::parse_rfc3339(self.start_time.as_deref()?).ok()?;
        Some(started.duration_since(UNIX_EPOCH).ok()?.as_secs_f64())
    }
}

/// An error: that of an attempt has its snippet and stack in its message, a global one has not.
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    message: String,
    stack: Option<String>,
    snippet: Option<String>,
    location: Option<Location>,
}

#[derive(Deserialize)]
struct Location {
    file: String,
    line: Option<u32>,
}

/// What a test wrote; bytes that are no text come as `buffer` and are left out.
#[derive(Deserialize)]
struct Output {
    text: Option<String>,
}

/// Reads a report; paths below `in_container` are told as below `in_repository`.
pub(super) fn parse(text: &[u8], in_container: &str, in_repository: &str) -> Result<TestResults, String> {
    let Report { config, suites, errors } = serde_json::from_slice(text)
        .map_err(|error| format!("Playwright's report cannot be read: {error}"))?;
    let reader =
        Reader { place: Place { in_container, in_repository }, projects: projects(&suites) > 1, config };
    let mut results = TestResults { suites: suites.into_iter().map(|file| reader.suite(file)).collect() };
    results.suites.retain(|suite| !suite.cases.is_empty());
    reader.add_errors(errors, &mut results);
    Ok(results)
}

/// How many projects ran; those that were not asked for are in the configuration, too.
fn projects(suites: &[Group]) -> usize {
    fn collect<'a>(groups: &'a [Group], names: &mut BTreeSet<&'a str>) {
        for group in groups {
            names.extend(
                group.specs.iter().flat_map(|spec| &spec.tests).map(|test| test.project_name.as_str()),
            );
            collect(&group.suites, names);
        }
    }
    let mut names = BTreeSet::new();
    collect(suites, &mut names);
    names.len()
}

struct Reader<'a> {
    place: Place<'a>,
    /// Names begin with the project.
    projects: bool,
    config: Config,
}

impl Reader<'_> {
    fn suite(&self, file: Group) -> Suite {
        let name = self.file(&file.file);
        let mut found = Vec::new();
        self.collect(file.specs, file.suites, &[], &mut found);
        // As they are written, and the projects in the order of their run.
        found.sort_by_key(|(place, _)| *place);
        let cases: Vec<Case> = found.into_iter().map(|(_, case)| case).collect();
        Suite { file: name, seconds: cases.iter().map(|case| case.seconds).sum(), cases }
    }

    fn collect(
        &self,
        specs: Vec<Spec>,
        groups: Vec<Group>,
        titles: &[&str],
        found: &mut Vec<((u32, u32), Case)>,
    ) {
        for Spec { title, line, column, tests } in specs {
            for test in tests {
                let project = self.projects.then_some(test.project_name.as_str());
                let name = project.into_iter().chain(titles.iter().copied()).chain([title.as_str()]);
                let name = name.filter(|title| !title.is_empty()).collect::<Vec<_>>().join(" › ");
                found.push(((line, column), Case { line: Some(line), ..self.case(name, &test) }));
            }
        }
        for group in groups {
            let titles: Vec<&str> = titles.iter().copied().chain([group.title.as_str()]).collect();
            self.collect(group.specs, group.suites, &titles, found);
        }
    }

    fn case(&self, name: String, test: &Test) -> Case {
        // To Playwright a test that was interrupted did not fail; but it ran, and told nothing.
        let interrupted = test.results.iter().any(|attempt| attempt.status.as_deref() == Some("interrupted"));
        let status = match test.status.as_str() {
            "skipped" if !interrupted => CaseStatus::Skipped,
            "expected" | "flaky" if !interrupted => CaseStatus::Passed,
            _ => CaseStatus::Failed(self.failure(test)),
        };
        let seconds = test.results.iter().map(|attempt| attempt.duration).sum::<f64>() / 1000.0;
        let written = test.results.iter().flat_map(|attempt| attempt.stdout.iter().chain(&attempt.stderr));
        let output = written.filter_map(|output| output.text.as_deref()).map(plain).collect();
        let started = test.results.first().and_then(Attempt::started);
        Case { name, seconds: seconds.max(0.0), line: None, started, status, output }
    }

    /// What the last attempt said that said anything.
    fn failure(&self, test: &Test) -> String {
        let last = test.results.iter().rev().find(|attempt| !attempt.errors.is_empty());
        if let Some(attempt) = last {
            let messages = attempt.errors.iter().map(|error| self.message(error));
            return messages.collect::<Vec<_>>().join("\n\n");
        }
        match test.results.last().and_then(|attempt| attempt.status.as_deref()) {
            Some(status) => format!("ended as {status:?}, but {:?} was expected", test.expected_status),
            None => "did not run".into(),
        }
    }

    fn message(&self, error: &Problem) -> String {
        let mut text = error.message.clone();
        if let Some(snippet) = &error.snippet {
            text = format!("{text}\n\n{snippet}\n");
        }
        if let Some(frames) = error.stack.as_deref().and_then(|stack| stack.strip_prefix(&error.message)) {
            text.push_str(frames);
        }
        self.place.message(&text)
    }

    /// Errors of no test, as failures of the files that they are from.
    fn add_errors(&self, errors: Vec<Problem>, results: &mut TestResults) {
        let only = errors.len() == 1;
        for error in errors {
            if !only && error.message == NOTHING_FOUND {
                continue;
            }
            let config = || self.config.config_file.as_deref().unwrap_or(&self.config.root_dir);
            let file = self.place.path(error.location.as_ref().map_or_else(config, |place| &place.file));
            let status = CaseStatus::Failed(self.message(&error));
            let (name, line) = (NO_TEST.into(), error.location.as_ref().and_then(|place| place.line));
            let case = Case { name, seconds: 0.0, line, started: None, status, output: String::new() };
            match results.suites.iter_mut().find(|suite| suite.file == file) {
                Some(suite) => suite.cases.push(case),
                None => results.suites.push(Suite { file, seconds: 0.0, cases: vec![case] }),
            }
        }
    }

    /// A file of a suite, which may lead out of the root directory: `../setup.ts`.
    fn file(&self, relative: &str) -> String {
        let mut path: Vec<&str> = self.config.root_dir.split('/').collect();
        for part in relative.split('/') {
            match part {
                "." => {}
                ".." => {
                    path.pop();
                }
                part => path.push(part),
            }
        }
        self.place.path(&path.join("/"))
    }
}

#[cfg(test)]
mod tests;
