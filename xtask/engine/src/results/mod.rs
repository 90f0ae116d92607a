//! What a test command reported: read, counted, and written as JUnit.

mod jest;
mod junit;
mod place;
mod playwright;

use std::path::Path;

use serde::Serialize;

use crate::event::{TestCounts, TestFailure};

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
}

/// All tests of one command.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TestResults {
    /// One for each test file.
    pub suites: Vec<Suite>,
}

/// The tests of one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Suite {
    /// The file, as the tool named it.
    pub file: String,
    /// Seconds it took.
    pub seconds: f64,
    /// Its tests.
    pub cases: Vec<Case>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// Its full name, with the names of the groups it is in.
    pub name: String,
    /// Seconds it took.
    pub seconds: f64,
    /// How it ended.
    pub status: CaseStatus,
    /// What it wrote while it ran, if the tool knows.
    pub output: String,
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum CaseStatus {
    /// It passed.
    Passed,
    /// It failed, with the tool's message.
    Failed(String),
    /// It was skipped, or is still to be written.
    Skipped,
}

impl TestResults {
    /// Reads a report out of a results directory.
    ///
    /// # Errors
    /// One sentence: the report is not there or cannot be understood.
    pub fn read(format: &ReportFormat, results: &Path) -> Result<Self, String> {
        let path = results.join(format.file());
        let text = std::fs::read(&path)
            .map_err(|error| format!("there is no report {}: {error}", path.display()))?;
        match format {
            ReportFormat::Jest { in_container, in_repository, .. } => {
                jest::parse(&text, in_container, in_repository)
            }
            ReportFormat::Playwright { in_container, in_repository, .. } => {
                playwright::parse(&text, in_container, in_repository)
            }
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

    /// The tests that failed, in their order.
    pub fn failures(&self) -> Vec<TestFailure> {
        let failure = |suite: &Suite, case: &Case| match &case.status {
            CaseStatus::Failed(message) => Some(TestFailure {
                name: case.name.clone(),
                file: suite.file.clone(),
                message: message.clone(),
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
