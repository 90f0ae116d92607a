//! Failures as annotations: those that GitHub shows, and the rest as text.

use super::super::breakage::Breakage;
use super::super::style::{DIM, RED, line};
use super::command::{Annotation, END_GROUP, Level, group, of_programs};
use crate::event::TestFailure;

/// Annotations of one level that GitHub shows of one step of a job.
pub(super) const SHOWN: usize = 10;
/// Of these, how many are for what is no test at most, if there are more failures than are shown.
const OTHERS: usize = 3;
/// Lines of a failure in an annotation; its log has all of them.
const LINES: usize = 24;

/// What failed in a run, in its order.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Tests, with their pipelines.
    pub tests: Vec<(String, TestFailure)>,
    /// All else.
    pub others: Vec<Breakage>,
}

impl Failures {
    pub(super) fn is_empty(&self) -> bool {
        self.tests.is_empty() && self.others.is_empty()
    }

    /// All of them as output. `files` is what leads from the root of the checkout to the files that
    /// tests name, if they are in it.
    pub(super) fn told(&self, files: Option<&str>, token: &str) -> String {
        let all = self.tests.len() + self.others.len();
        let others = if all > SHOWN { self.others.len().min(OTHERS) } else { self.others.len() };
        let tests = if all > SHOWN { self.tests.len().min(SHOWN - 1 - others) } else { self.tests.len() };
        let mut text = String::new();
        for (pipeline, failure) in &self.tests[..tests] {
            text += &heading(&failure.name, &failure.place(), pipeline);
            text += &of_test(pipeline, failure, files).to_string();
        }
        for other in &self.others[..others] {
            text += &heading(&other.why, "", &other.of);
            text += &of_other(other).to_string();
        }
        let (more_tests, more_others) = (&self.tests[tests..], &self.others[others..]);
        if all > SHOWN {
            text += &more(more_tests.len(), more_others.len()).to_string();
            let title = format!("{} more failures", more_tests.len() + more_others.len());
            text += &format!(
                "{}{}{END_GROUP}",
                group(&title),
                of_programs(token, &as_text(more_tests, more_others))
            );
        }
        text
    }
}

fn heading(what: &str, place: &str, of: &str) -> String {
    let place = if place.is_empty() { String::new() } else { format!(" {DIM}({place}){DIM:#}") };
    // What a test is called may look like a command of the runner's older form.
    let what = what.replace(['\r', '\n'], " ").replace("##[", "## [");
    let of = if what.contains(of) { String::new() } else { format!(" {DIM}> in {of}{DIM:#}") };
    line(RED, "FAILED", &format!("{what}{place}{of}"))
}

fn of_test(pipeline: &str, failure: &TestFailure, files: Option<&str>) -> Annotation {
    let file =
        files.filter(|_| !failure.file.starts_with('/')).map(|files| format!("{files}{}", failure.file));
    let mut message = first_lines(&failure.message);
    if !failure.again.is_empty() {
        message = format!("{}\n\nrun just this again: {}", message.trim_end(), failure.again);
    }
    let title = format!("{pipeline}: {}", failure.name);
    Annotation { level: Level::Error, file, line: failure.line, title, message }
}

fn of_other(breakage: &Breakage) -> Annotation {
    let skipped = breakage.tail.len().saturating_sub(LINES);
    let mut message = breakage.why.clone();
    if !breakage.tail.is_empty() {
        message = format!("{message}; its last lines:\n{}", breakage.tail[skipped..].join("\n"));
    }
    if !breakage.log.is_empty() {
        message = format!("{message}\n\ncomplete output: {}", breakage.log);
    }
    Annotation { level: Level::Error, file: None, line: None, title: breakage.of.clone(), message }
}

fn more(tests: usize, others: usize) -> Annotation {
    let tests = (tests > 0).then(|| format!("{tests} more test{} failed", if tests == 1 { "" } else { "s" }));
    let others = (others > 0)
        .then(|| format!("{others} more thing{} failed beside tests", if others == 1 { "" } else { "s" }));
    let both: Vec<String> = tests.into_iter().chain(others).collect();
    let message = format!(
        "{}; GitHub shows {SHOWN} at most: the log and the job's summary have all of them",
        both.join(", ")
    );
    Annotation { level: Level::Error, file: None, line: None, title: String::new(), message }
}

fn as_text(tests: &[(String, TestFailure)], others: &[Breakage]) -> String {
    let mut text = String::new();
    for (pipeline, failure) in tests {
        text += &heading(&failure.name, &failure.place(), pipeline);
        text += &indented(first_lines(&failure.message).lines());
        if !failure.again.is_empty() {
            text += &format!("    run just this again: {}\n", failure.again);
        }
    }
    for other in others {
        text += &heading(&other.why, "", &other.of);
        text += &indented(other.tail.iter().map(String::as_str));
    }
    text
}

fn indented<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(|line| format!("    {line}\n")).collect()
}

fn first_lines(message: &str) -> String {
    let mut lines: Vec<&str> = message.trim_end().lines().collect();
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    let more = if more > 0 { format!("\n… {more} more lines in the log") } else { String::new() };
    lines.join("\n") + &more
}
