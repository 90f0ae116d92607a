//! What the page's script draws, as JSON.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::failures::{self, Failed};
use super::files::{Image, Log, Logs, images, link, recordings};
use crate::event::{MadeBefore, Outcome, TestCounts};
use crate::report::critical_path::{id_of_service, id_of_step};
use crate::report::timeline::one_of_each_name;
use crate::report::{KeptLogs, Run, Test, Timeline, step_log};
use crate::results::{CaseStatus, Suite};

/// Characters of what one test wrote that the page has, and tests with something that they wrote.
const OUTPUT: usize = 4000;
const WITH_OUTPUT: usize = 200;
/// Tests that the page lists.
const CASES: usize = 5000;

/// All that the page has.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    pub task: String,
    pub command: String,
    /// When the run began, in seconds since 1970.
    pub unix: f64,
    pub result: RunResult,
    pub steps: Steps,
    pub counts: Option<TestCounts>,
    pub timeline: Timeline,
    pub tests: Vec<Tests>,
    pub logs: Vec<Log>,
    pub images: Vec<Image>,
    /// Pages and traces of tools: what they are, and where.
    pub links: Vec<(String, String)>,
    pub stand_ins: Vec<String>,
    pub notices: Vec<String>,
    /// Those are in the page's own text, too, for whoever has no script.
    pub failures: Vec<Failed>,
}

/// How the run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RunResult {
    Passed,
    Failed(String),
    Stopped(String),
    /// It was killed, or goes on.
    NoEnd,
}

/// Its steps, counted.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Steps {
    pub cached: usize,
    pub ran: usize,
    pub failed: usize,
}

/// The tests of one command.
#[derive(Debug, Serialize)]
pub(super) struct Tests {
    pub lane: String,
    pub pipeline: String,
    pub step: String,
    pub cached: bool,
    pub before: Option<MadeBefore>,
    pub suites: Vec<Suite>,
    /// Tests that are not listed, for there are too many.
    pub left_out: usize,
}

impl Page {
    /// The page of a run whose record is in `folder`.
    pub(super) fn of(run: &Run, folder: &Path, kept: &KeptLogs) -> Self {
        let run = one_of_each_name(run);
        let timeline = Timeline::of(&run);
        let mut taken = (0, 0);
        let mut pictures: Vec<Image> = run
            .tests
            .iter()
            .flat_map(|test| images(folder, &folder.join(&test.pipeline), &mut taken))
            .collect();
        let failures = failures::of(&run, folder);
        for image in pictures.iter_mut().filter(|image| image.failed) {
            image.of = failures::of_picture(&failures, &image.folder).map(str::to_owned);
        }
        Self {
            task: run.task.clone(),
            command: run.command.clone(),
            unix: run.unix,
            result: RunResult::of(&run),
            steps: Steps::of(&run),
            counts: counts(&run),
            timeline,
            tests: run.tests.iter().map(Tests::of).collect(),
            logs: logs(&run, folder, kept),
            images: pictures,
            links: run.tests.iter().flat_map(|test| links(folder, &test.pipeline)).collect(),
            stand_ins: run.stand_ins.clone(),
            notices: run.notices.clone(),
            failures,
        }
    }
}

impl RunResult {
    fn of(run: &Run) -> Self {
        let Some(end) = &run.end else { return Self::NoEnd };
        let text = || end.error.clone().unwrap_or_default();
        match end.exit_code {
            0 => Self::Passed,
            // Signals, as shells count them: Ctrl-C, to terminate, a reader that is gone.
            130 | 143 | 141 => Self::Stopped(text()),
            _ => Self::Failed(text()),
        }
    }
}

impl Steps {
    fn of(run: &Run) -> Self {
        let mut steps = Self::default();
        for step in run.pipelines.iter().flat_map(|pipeline| &pipeline.steps) {
            match &step.outcome {
                Some(Outcome::Cached) => steps.cached += 1,
                Some(Outcome::Ran | Outcome::Shared) => steps.ran += 1,
                Some(Outcome::Failed { .. }) => steps.failed += 1,
                Some(Outcome::Unchanged | Outcome::Canceled) | None => {}
            }
        }
        steps
    }
}

fn counts(run: &Run) -> Option<TestCounts> {
    run.tests.iter().filter_map(|test| test.counts).reduce(|one, other| TestCounts {
        passed: one.passed + other.passed,
        failed: one.failed + other.failed,
        skipped: one.skipped + other.skipped,
    })
}

impl Tests {
    fn of(test: &Test) -> Self {
        let (mut suites, mut listed, mut with_output, mut left_out) = (test.suites.clone(), 0, 0, 0);
        for suite in &mut suites {
            let room = CASES.saturating_sub(listed);
            left_out += suite.cases.len().saturating_sub(room);
            suite.cases.truncate(room);
            listed += suite.cases.len();
            for case in &mut suite.cases {
                let is_told = with_output < WITH_OUTPUT;
                with_output += usize::from(!case.output.is_empty());
                shorten(&mut case.output, if is_told { OUTPUT } else { 0 });
                if let CaseStatus::Failed(message) = &mut case.status {
                    shorten(message, OUTPUT);
                }
            }
        }
        Self {
            lane: id_of_step(&test.pipeline, &test.id),
            pipeline: test.pipeline.clone(),
            step: test.step.clone(),
            cached: test.cached,
            before: test.before,
            suites,
            left_out,
        }
    }
}

/// Cuts a text after `room` characters.
pub(super) fn shorten(text: &mut String, room: usize) {
    if let Some((at, _)) = text.char_indices().nth(room) {
        text.truncate(at);
        if room > 0 {
            text.push_str("\n…");
        }
    }
}

/// The logs of all that ran: of what failed first, for there may be too many.
fn logs(run: &Run, folder: &Path, kept: &KeptLogs) -> Vec<Log> {
    let mut found: Vec<(bool, PathBuf, String, String)> = Vec::new();
    for pipeline in &run.pipelines {
        for step in &pipeline.steps {
            let test = run.tests.iter().find(|test| test.pipeline == pipeline.name && test.id == step.id);
            let file = match test {
                Some(test) => folder.join(&test.pipeline).join("output.log"),
                None if step.outcome == Some(Outcome::Cached) => match kept.find(&step.id, run.ended()) {
                    Some((_, log)) => log,
                    None => continue,
                },
                None => step_log(folder, &step.id),
            };
            let failed = matches!(step.outcome, Some(Outcome::Failed { .. }))
                || test.is_some_and(|test| test.exit_code != 0);
            let label = format!("{}: {}", pipeline.name, step.step);
            found.push((failed, file, id_of_step(&pipeline.name, &step.id), label));
        }
    }
    for service in &run.services {
        let file = folder.join("services").join(format!("{}.log", service.name));
        found.push((service.failure.is_some(), file, id_of_service(&service.name), service.name.clone()));
    }
    found.sort_by_key(|(failed, ..)| !failed);
    let mut logs = Logs::default();
    for (_, file, lane, label) in &found {
        logs.take(folder, file, lane, label);
    }
    logs.logs
}

/// Pages and files of tools that a test left.
fn links(folder: &Path, pipeline: &str) -> Vec<(String, String)> {
    let test = folder.join(pipeline);
    let known = [
        ("Playwright's report", "playwright-report/index.html"),
        ("coverage", "coverage/lcov-report/index.html"),
        ("JUnit", "junit.xml"),
        ("complete output", "output.log"),
    ];
    let there =
        known.into_iter().map(|(what, path)| (what, test.join(path))).filter(|(_, path)| path.is_file());
    let pages = there.filter_map(|(what, path)| Some((what.to_owned(), link(folder, &path)?)));
    let all = pages.chain(recordings(folder, &test));
    all.map(|(what, href)| (format!("{pipeline}: {what}"), href)).collect()
}
