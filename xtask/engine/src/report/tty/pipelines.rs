//! Pipelines and pulls in the live view.

use super::line::Line;
use super::row::{
    BOLD, CYAN, DIM, PLAIN, RED, Row, Stage, YELLOW, counted, of_usual, running_for, some_of, took,
};
use super::state::State;
use crate::event::{Outcome, ServiceState, StepKind, TestCounts};
use crate::report::{History, Pipeline, Pull, Run, Step, Test};
use crate::size::bytes;

/// All pipelines of one name: one that makes a test's container and the one that runs it there are one
/// to people.
pub(super) struct Group<'a> {
    name: &'a str,
    pipelines: Vec<&'a Pipeline>,
    /// The steps that do something inside the engine. Whether files or an image had to be sent first
    /// is told by those that waited for it.
    work: Vec<&'a Step>,
}

/// The pipelines of a run by name, in the order in which they began.
pub(super) fn groups(run: &Run) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for pipeline in &run.pipelines {
        match groups.iter_mut().find(|group| group.name == pipeline.name) {
            Some(group) => group.pipelines.push(pipeline),
            None => {
                let (name, pipelines) = (&*pipeline.name, vec![pipeline]);
                groups.push(Group { name, pipelines, work: Vec::new() });
            }
        }
    }
    for group in &mut groups {
        let steps = || group.pipelines.iter().flat_map(|pipeline| &pipeline.steps);
        let is_work = |step: &&Step| !matches!(step.kind, StepKind::Image | StepKind::Upload);
        let needs_services = |step: &&Step| !step.services.is_empty();
        let mut work: Vec<&Step> = steps().filter(is_work).filter(|step| !needs_services(step)).collect();
        work.extend(steps().filter(is_work).filter(needs_services));
        group.work = work;
    }
    groups
}

impl<'a> Group<'a> {
    /// How far it is.
    pub(super) fn stage(&self) -> Stage {
        let ended = self.pipelines.iter().all(|pipeline| pipeline.ended.is_some());
        if self.pipelines.iter().any(|pipeline| pipeline.ended.is_some() && !pipeline.passed)
            || self.steps().any(|step| matches!(step.outcome, Some(Outcome::Failed { .. })))
        {
            Stage::Failed
        } else if ended {
            Stage::Done
        } else if self.running().next().is_none() && self.needed_services().is_some() {
            Stage::Waiting
        } else {
            Stage::Running
        }
    }

    /// Whether something in it runs among services.
    pub(super) fn needs_services(&self) -> bool {
        self.work.iter().any(|step| !step.services.is_empty())
    }

    /// Its rows; `waiting` is how many of what waits are shown.
    pub(super) fn rows(&self, state: &'a State, history: &History, now: f64, waiting: usize) -> Vec<Row<'a>> {
        let stage = self.stage();
        match stage {
            Stage::Done | Stage::Failed if self.running().next().is_none() => {
                return vec![self.ended(&state.run)];
            }
            _ => {}
        }
        let mut rows: Vec<Row<'_>> =
            self.running().map(|(pipeline, step)| self.step(pipeline, step, state, history, now)).collect();
        if stage == Stage::Failed {
            // What failed is told at once, also while something goes on beside it.
            rows.insert(0, self.ended(&state.run).time(String::new()));
        }
        if rows.is_empty() {
            let text = self.position();
            let text = match self.needed_services() {
                Some((step, services)) => {
                    let missing = missing(services, &state.run);
                    let waits = if missing.is_empty() {
                        "starting".into()
                    } else {
                        format!("waits for {}", some_of(&missing))
                    };
                    text.text(DIM, format!("{waits}  {}", step.step))
                }
                // The engine tells nothing of what it does before and after steps.
                None => match self.work.iter().find(|step| is_planned(step)) {
                    Some(next) => text.text(DIM, next.step.clone()),
                    None if self.work.is_empty() => text.text(DIM, "preparing"),
                    None => text.text(DIM, "finishing"),
                },
            };
            rows.push(Row::new(stage, self.name, text).running(self.started(), None));
        }
        for row in &mut rows[1..] {
            row.name.clear();
        }
        // What waits for services alone stands in the row already.
        if self.running().next().is_some() {
            rows.extend(self.waiting(waiting));
        }
        rows
    }

    /// Rows of the commands that wait; the position tells how many steps there are.
    fn waiting(&self, shown: usize) -> Vec<Row<'a>> {
        let is_command = |step: &&&Step| matches!(step.kind, StepKind::Exec | StepKind::Test);
        let commands: Vec<_> = self.work.iter().filter(|step| is_planned(step)).filter(is_command).collect();
        let indent = " ".repeat(self.position().width());
        let row =
            |text: String| Row::new(Stage::Waiting, "", Line::default().text(DIM, indent.clone() + &text));
        let mut rows: Vec<_> =
            commands.iter().take(shown).map(|step| row(format!("{} waits", step.step))).collect();
        match commands.len() - rows.len() {
            0 => {}
            _ if shown == 0 => {}
            1 => rows.push(row("… 1 more step waits".into())),
            more => rows.push(row(format!("… {more} more steps wait"))),
        }
        rows
    }

    /// Seconds from its first pipeline's beginning to the last one's end.
    pub(super) fn seconds(&self) -> f64 {
        let ended = self.pipelines.iter().filter_map(|pipeline| pipeline.ended).max_by(f64::total_cmp);
        ended.unwrap_or_default() - self.started()
    }

    /// Its steps that did something, and how many of them were cached.
    pub(super) fn counts(&self) -> (usize, usize) {
        let ended = self.work.iter().filter(|step| step.outcome.is_some());
        (ended.count(), self.count(&Outcome::Cached))
    }

    /// What came of it.
    pub(super) fn ended(&self, run: &'a Run) -> Row<'a> {
        let test = run.tests.iter().rev().find(|test| test.pipeline == self.name);
        let failed = self.steps().find(|step| matches!(step.outcome, Some(Outcome::Failed { .. })));
        let stage = self.stage();
        if matches!(stage, Stage::Running | Stage::Waiting) {
            let text = Line::default().text(YELLOW, "stopped");
            return Row::new(Stage::Waiting, self.name, text);
        }
        let text = match (stage, test, failed) {
            (Stage::Failed, Some(test), _) if test.exit_code != 0 => failed_test(test),
            (Stage::Failed, _, Some(step)) => failed_step(step),
            (Stage::Failed, ..) => {
                let error = self.pipelines.iter().find_map(|pipeline| pipeline.error.as_deref());
                Line::default().text(RED, error.unwrap_or("failed"))
            }
            _ => self.passed(test),
        };
        Row::new(stage, self.name, text).time(took(self.seconds()))
    }

    fn passed(&self, test: Option<&Test>) -> Line {
        let (steps, cached) = self.counts();
        let shared = self.count(&Outcome::Shared);
        let mut line = with_cached(Line::default().text(PLAIN, counted(steps, "step")), cached, steps);
        if shared > 0 {
            line = line.text(PLAIN, ", ").text(CYAN, format!("{shared} SHARED"));
        }
        let sent: u64 = self.steps().map(|step| step.sent.0).sum();
        if sent > 0 {
            line = line.text(DIM, format!(", {} sent", counted(sent as usize, "file")));
        }
        if let Some(counts) = test.and_then(|test| test.counts) {
            let style = if counts.passed == 0 { YELLOW } else { PLAIN };
            line = line.text(DIM, " · ").text(style, tests(&counts));
        }
        line
    }

    fn step(
        &self,
        pipeline: &Pipeline,
        step: &'a Step,
        state: &'a State,
        history: &History,
        now: f64,
    ) -> Row<'a> {
        let since = step.started.unwrap_or(now);
        let mut text = self.position().text(PLAIN, step.step.clone());
        if step.kind == StepKind::Upload && step.sent.0 > 0 {
            let sent = format!("  {}, {} sent", counted(step.sent.0 as usize, "file"), bytes(step.sent.1));
            text = text.text(DIM, sent);
        }
        let usual = history.usual(&pipeline.name, &step.step);
        Row::new(Stage::Running, self.name, text)
            .time(of_usual(now - since, usual))
            .running(since, state.of_step(&pipeline.name, &step.id))
    }

    /// `3/9 `: how many of its steps are done.
    fn position(&self) -> Line {
        let done = self.work.iter().filter(|step| step.outcome.is_some()).count();
        match self.work.len() {
            0 => Line::default(),
            all => {
                let width = all.to_string().len();
                Line::default().text(DIM, format!("{done:>width$}/{all} "))
            }
        }
    }

    /// What runs, the longest first.
    fn running(&self) -> impl Iterator<Item = (&'a Pipeline, &'a Step)> {
        let going_on = self.pipelines.iter().filter(|pipeline| pipeline.ended.is_none());
        going_on.flat_map(|pipeline| {
            pipeline.steps.iter().filter(|step| step.is_running()).map(move |step| (*pipeline, step))
        })
    }

    /// The step that waits for services, once nothing else is left to do before it.
    fn needed_services(&self) -> Option<(&'a Step, &'a [String])> {
        let mut planned = self.work.iter().filter(|step| is_planned(step));
        let next = planned.next().filter(|step| !step.services.is_empty())?;
        Some((next, &next.services))
    }

    fn steps(&self) -> impl Iterator<Item = &'a Step> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.steps)
    }

    fn count(&self, outcome: &Outcome) -> usize {
        self.work.iter().filter(|step| step.outcome.as_ref() == Some(outcome)).count()
    }

    fn started(&self) -> f64 {
        self.pipelines.first().map_or(0.0, |pipeline| pipeline.started)
    }
}

/// Rows of images that are pulled.
pub(super) fn pulls(run: &Run, now: f64) -> impl Iterator<Item = Row<'_>> {
    run.pulls.iter().map(move |pull| {
        let Pull { image, started, ended, current, total } = pull;
        let text = Line::default().text(PLAIN, format!("pull {image}"));
        if let Some(ended) = ended {
            let text = text.text(DIM, format!("  {}", bytes(*total)));
            return Row::new(Stage::Done, "image", text).time(took(ended - started));
        }
        let text = if *total > 0 {
            let done = *current as f64 / *total as f64;
            bar(text.text(PLAIN, "  "), done, 12)
                .text(DIM, format!("  {} of {}", bytes(*current), bytes(*total)))
        } else {
            text
        };
        Row::new(Stage::Running, "image", text).time(running_for(now - started)).running(*started, None)
    })
}

/// A line with a bar of so many columns, of which `done` is filled, from 0 to 1.
pub(super) fn bar(line: Line, done: f64, columns: usize) -> Line {
    let halves = (done.clamp(0.0, 1.0) * columns as f64 * 2.0) as usize;
    let (full, half) = (halves / 2, halves % 2);
    let filled = "━".repeat(full) + if half == 1 { "╸" } else { "" };
    line.text(CYAN, filled).text(DIM, "─".repeat(columns - full - half))
}

fn is_planned(step: &Step) -> bool {
    step.started.is_none() && step.outcome.is_none()
}

/// Those of some services that are not there yet.
pub(super) fn missing<'a>(services: &'a [String], run: &Run) -> Vec<&'a str> {
    let is_there = |name: &str| {
        let service = run.services.iter().find(|service| service.name == name);
        matches!(
            service.and_then(|service| service.state()),
            Some(ServiceState::Ready | ServiceState::Completed)
        )
    };
    services.iter().map(String::as_str).filter(|name| !is_there(name)).collect()
}

fn failed_step(step: &Step) -> Line {
    let how = step.failure.as_ref().and_then(|failure| failure.exit_code);
    let how = how.map_or_else(|| " failed".to_owned(), |code| format!(" failed with exit code {code}"));
    Line::default().text(BOLD, step.step.clone()).text(RED, how)
}

fn failed_test(test: &Test) -> Line {
    let what = match (test.timed_out, &test.broken, &test.counts) {
        (true, ..) => "stopped by the time limit".into(),
        (false, Some(_), _) => "stopped, for something that it needs broke".into(),
        (false, None, Some(counts)) if counts.failed > 0 => {
            let rest = TestCounts { failed: 0, ..*counts };
            return Line::default()
                .text(RED, format!("{} failed", counts.failed))
                .text(PLAIN, format!(", {}", tests(&rest)));
        }
        _ => format!("exit code {}", test.exit_code),
    };
    Line::default().text(RED, what)
}

fn tests(TestCounts { passed, skipped, .. }: &TestCounts) -> String {
    let skipped = if *skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    format!("{passed} passed{skipped}")
}

/// One row for all that is done and has nothing more to say.
pub(super) fn merged<'a>(groups: &[&Group<'a>]) -> Row<'a> {
    let names: Vec<&str> = groups.iter().map(|group| group.name).collect();
    let (steps, cached) = groups.iter().fold((0, 0), |(steps, cached), group| {
        let (more, more_cached) = group.counts();
        (steps + more, cached + more_cached)
    });
    let text = Line::default().text(PLAIN, format!("{} done, {}", groups.len(), counted(steps, "step")));
    let text = with_cached(text, cached, steps).text(DIM, format!("  {}", names.join(", ")));
    Row::new(Stage::Done, "pipelines", text)
}

fn with_cached(line: Line, cached: usize, steps: usize) -> Line {
    let count = match cached {
        0 => return line,
        1 if steps == 1 => "CACHED".into(),
        _ if cached == steps => "all CACHED".into(),
        _ => format!("{cached} CACHED"),
    };
    line.text(PLAIN, ", ").text(CYAN, count)
}
