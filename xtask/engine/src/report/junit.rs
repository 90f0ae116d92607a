//! One JUnit file for a whole run: what all its test commands reported, and a case for whatever else
//! failed, so that nobody who reads it shows green where the run is red.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::breakage::Breakage;
use super::{Run, Test};
use crate::event::{Event, Reporter};
use crate::results::junit;

/// The exit code from which on a signal ended the run.
const SIGNALLED: i32 = 129;

/// Writes the file when the run ends. Until then it says that the run did not: that is what is left
/// of one that is killed.
pub struct Junit {
    path: PathBuf,
    run: Run,
    breakages: Vec<Breakage>,
    on_lost: Option<Box<dyn FnOnce(io::Error) + Send>>,
}

impl Junit {
    /// Writes to `path`, with the folders it is in. If it can no longer be written at the end,
    /// `on_lost` is told why.
    ///
    /// # Errors
    /// If it cannot be written now.
    pub fn create(path: &Path, on_lost: impl FnOnce(io::Error) + Send + 'static) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
                _ => error,
            })?;
        }
        let (run, breakages) = (Run::default(), Vec::new());
        let junit = Self { path: path.to_owned(), run, breakages, on_lost: Some(Box::new(on_lost)) };
        junit.write()?;
        Ok(junit)
    }

    fn write(&self) -> io::Result<()> {
        fs::write(&self.path, report(&self.run, &self.breakages)?)
    }
}

impl Reporter for Junit {
    fn event(&mut self, at: Duration, event: &Event) {
        self.run.apply(at.as_secs_f64(), event);
        self.breakages.extend(Breakage::told_by(event));
        if matches!(event, Event::RunFinished { .. })
            && let Err(error) = self.write()
            && let Some(on_lost) = self.on_lost.take()
        {
            on_lost(error);
        }
    }
}

/// The report on a run, and what failed in it beside tests.
fn report(run: &Run, breakages: &[Breakage]) -> io::Result<String> {
    let mut report = Report::new(format!("cargo xtask {}", run.task).trim_end());
    if run.unix > 0.0 {
        let began = UNIX_EPOCH + junit::duration(run.unix);
        report.timestamp = humantime::format_rfc3339_millis(began).to_string().parse().ok();
    }
    if let Some(end) = &run.end {
        report.set_time(junit::duration(end.seconds));
    }
    report.add_test_suites(run.tests.iter().flat_map(suites));
    report.add_test_suites(breakages.iter().map(broken));
    report.add_test_suites(ending(run, report.failures + report.errors > 0).as_ref().map(broken));
    report.to_string().map_err(io::Error::other)
}

/// What a test command reported, by file; of one that reported nothing and passed, that it did.
fn suites(test: &Test) -> Vec<TestSuite> {
    let mut suites: Vec<TestSuite> = test.suites.iter().map(junit::suite).collect();
    for suite in &mut suites {
        suite.name = format!("{} › {}", test.pipeline, suite.name.as_str()).into();
    }
    if suites.is_empty() && test.exit_code == 0 {
        suites.push(single(&test.pipeline, TestCase::new(test.step.as_str(), TestCaseStatus::success())));
    }
    for suite in &mut suites {
        suite.add_property(Property::new("pipeline", test.pipeline.as_str()));
        suite.add_property(Property::new("cached", if test.cached { "true" } else { "false" }));
        suite.add_property(Property::new("log", test.log.as_str()));
    }
    suites
}

fn broken(breakage: &Breakage) -> TestSuite {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(junit::text(&breakage.why));
    let log =
        if breakage.log.is_empty() { Vec::new() } else { vec![format!("complete output: {}", breakage.log)] };
    let said = [&breakage.tail[..], &log].concat().join("\n");
    status.set_description(junit::text(if said.is_empty() { &breakage.why } else { &said }));
    single(&breakage.of, TestCase::new(junit::text(&breakage.what), status))
}

fn single(suite: &str, mut case: TestCase) -> TestSuite {
    let mut written = TestSuite::new(suite);
    case.set_classname(suite);
    written.add_test_case(case);
    written
}

/// That the run failed, was stopped, or did not end, where no case says it.
fn ending(run: &Run, told: bool) -> Option<Breakage> {
    let Some(end) = &run.end else {
        return Some(Breakage::of_run(&run.task, 0, Some("the run did not end: it was killed, or goes on")));
    };
    let silent = end.exit_code == 0 || told && end.exit_code < SIGNALLED;
    (!silent).then(|| Breakage::of_run(&run.task, end.exit_code, end.error.as_deref()))
}

#[cfg(test)]
mod tests;
