//! What a test command reported: read, counted, and written as JUnit.

mod jest;
pub(crate) mod junit;
mod place;
mod playwright;
mod source;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use self::place::Place;
use crate::event::{TestCounts, TestFailure};

/// The most that is kept of one test's message, and of what it wrote, in bytes.
const MESSAGE: usize = 16 * 1024;
const OUTPUT: usize = 64 * 1024;

/// The report that a test command writes into its results directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportFormat {
    /// `jest --json --outputFile=$XTASK_RESULTS/FILE`.
    Jest {
        /// The file, relative to the results directory.
        file: String,
        /// Where the sources are in the container: `/src/`.
        in_container: String,
        /// What people call that place: `web/crux/`.
        in_repository: String,
        /// The folder of this machine that it is made of: what failed is shown with lines from there.
        on_host: PathBuf,
    },
    /// Playwright's reporter `json`, with `PLAYWRIGHT_JSON_OUTPUT_NAME=$XTASK_RESULTS/FILE`.
    Playwright {
        /// The file, relative to the results directory.
        file: String,
        /// Where the sources are in the container: `/src/`.
        in_container: String,
        /// What people call that place: `web/crux-ui/`.
        in_repository: String,
    },
}

impl ReportFormat {
    /// The report's file, relative to the results directory.
    pub(crate) fn file(&self) -> &str {
        match self {
            Self::Jest { file, .. } | Self::Playwright { file, .. } => file,
        }
    }

    /// Arguments for the tool that run one test and no other.
    fn select(&self, suite: &Suite, case: &Case) -> Vec<String> {
        match self {
            Self::Jest { in_repository, .. } => {
                let file = inside(&suite.file, in_repository).to_owned();
                // A file that does not load has no test of that name.
                match case.name == jest::NO_TEST {
                    true => vec![file],
                    false => vec![file, "--testNamePattern".into(), jest::pattern(&case.name)],
                }
            }
            Self::Playwright { in_repository, .. } => {
                let file = inside(&suite.file, in_repository);
                vec![case.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))]
            }
        }
    }
}

/// All tests of one command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TestResults {
    /// One for each test file.
    pub suites: Vec<Suite>,
}

/// The tests of one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Suite {
    /// The file, as the tool named it.
    pub file: String,
    /// Seconds it took.
    pub seconds: f64,
    /// Its tests.
    pub cases: Vec<Case>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Case {
    /// Its full name, with the names of the groups it is in.
    pub name: String,
    /// Seconds it took.
    pub seconds: f64,
    /// The line in the file, from 1, if the tool told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// When it began, in seconds since 1970, if the tool told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<f64>,
    /// How it ended.
    pub status: CaseStatus,
    /// What it wrote while it ran, if the tool knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "kind", content = "message")]
pub enum CaseStatus {
    /// It passed.
    Passed,
    /// It failed, with the tool's message.
    Failed(String),
    /// It was skipped, or is still to be written.
    Skipped,
}

/// Keeps the first `bytes` of a text, and says so where there is more.
fn cut(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let at = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let more = text.len() - at;
        text.truncate(at);
        text.push_str(&format!("\n… {} more in the complete output", crate::size::bytes(more as u64)));
    }
}

fn inside<'a>(path: &'a str, folder: &str) -> &'a str {
    path.strip_prefix(folder).unwrap_or(path)
}

/// The line of `file` that a message names first, as stacks do: `web/crux/a.spec.ts:12:34`.
fn line_in(message: &str, file: &str) -> Option<u32> {
    message.match_indices(file).find_map(|(at, _)| {
        let digits = message[at + file.len()..].strip_prefix(':')?;
        let end = digits.find(|char: char| !char.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok()
    })
}

impl TestResults {
    /// Reads a report out of a results directory. `began` is when the run began: a source that
    /// changed since is not shown beside a failure. `clean` takes secrets out of its lines; those of
    /// the report itself are to be out by now.
    ///
    /// # Errors
    /// One sentence: the report is not there or cannot be understood.
    pub(crate) fn read(
        format: &ReportFormat,
        results: &Path,
        began: SystemTime,
        clean: &dyn Fn(String) -> String,
    ) -> Result<Self, String> {
        let path = results.join(format.file());
        let text = std::fs::read(&path)
            .map_err(|error| format!("there is no report {}: {error}", path.display()))?;
        let mut results = match format {
            ReportFormat::Jest { in_container, in_repository, on_host, .. } => {
                let sources = source::Sources { folder: on_host, at: began, clean };
                jest::parse(&text, &Place { in_container, in_repository }, &sources)
            }
            ReportFormat::Playwright { in_container, in_repository, .. } => {
                playwright::parse(&text, in_container, in_repository)
            }
        }?;
        results.bound();
        Ok(results)
    }

    /// Cuts what a test said to what people read; the complete output has the rest.
    fn bound(&mut self) {
        for case in self.suites.iter_mut().flat_map(|suite| &mut suite.cases) {
            if let CaseStatus::Failed(message) = &mut case.status {
                cut(message, MESSAGE);
            }
            cut(&mut case.output, OUTPUT);
        }
    }

    /// Tests that passed, failed and were skipped.
    pub fn counts(&self) -> TestCounts {
        let mut counts = TestCounts::default();
        for case in self.suites.iter().flat_map(|suite| &suite.cases) {
            match case.status {
                CaseStatus::Passed => counts.passed += 1,
                CaseStatus::Failed(_) => counts.failed += 1,
                CaseStatus::Skipped => counts.skipped += 1,
            }
        }
        counts
    }

    /// The tests that failed, in their order; `format` tells how each is run again alone.
    pub fn failures(&self, format: &ReportFormat) -> Vec<TestFailure> {
        let failure = |suite: &Suite, case: &Case| match &case.status {
            CaseStatus::Failed(message) => Some(TestFailure {
                name: case.name.clone(),
                file: suite.file.clone(),
                line: line_in(message, &suite.file).or(case.line),
                started: case.started,
                seconds: case.seconds,
                message: message.clone(),
                rerun: format.select(suite, case),
                again: String::new(),
            }),
            CaseStatus::Passed | CaseStatus::Skipped => None,
        };
        self.suites
            .iter()
            .flat_map(|suite| suite.cases.iter().filter_map(|case| failure(suite, case)))
            .collect()
    }

    /// The results as JUnit XML; `name` is that of the whole.
    ///
    /// # Errors
    /// One sentence, if the XML cannot be made.
    pub fn junit(&self, name: &str) -> Result<String, String> {
        junit::write(self, name)
    }
}
