//! Plain output: one line an event, for pipes, logs and people who like it calm. What matters
//! comes last.

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::plain_services::{self, Services};
use crate::event::{Event, MadeBefore, Outcome, Reporter, StepKind, TestCounts};
use crate::size::bytes;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Failures.
    Quiet,
    /// Steps, the output of those that run, results.
    #[default]
    Normal,
    /// Also details.
    Verbose,
}

/// Lines of one failed test that are shown; the rest is in the log.
const FAILURE_LINES: usize = 24;
/// The width of the first column, as cargo's.
const STATUS_WIDTH: usize = 12;

pub(super) const GREEN: Style = AnsiColor::Green.on_default().bold();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default().bold();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const DIM: Style = Style::new().dimmed();

/// Writes events as lines. Colours are written as ANSI sequences; give it a stream that takes them
/// out where they are not wanted.
pub struct Plain<W> {
    out: W,
    verbosity: Verbosity,
    /// The step whose output the last line was: its name is told when another's begins.
    speaking: Option<String>,
    /// Results of pipelines, told at the end.
    results: Vec<String>,
    /// Failures, told last.
    failures: Vec<Failure>,
    /// The step whose output and end were the last that was written.
    latest: Option<String>,
    /// A pipeline began.
    began: bool,
    /// When the run began, and when the last event came, in seconds since 1970.
    started: f64,
    now: f64,
    services: Services,
    on_closed: Option<Box<dyn FnOnce() + Send>>,
}

impl<W: Write + Send> Plain<W> {
    /// Writes to `out`. When nobody reads it any more, `on_closed` is called, once.
    pub fn new(out: W, verbosity: Verbosity, on_closed: impl FnOnce() + Send + 'static) -> Self {
        Self {
            out,
            verbosity,
            speaking: None,
            results: Vec::new(),
            failures: Vec::new(),
            latest: None,
            began: false,
            started: 0.0,
            now: 0.0,
            services: Services::default(),
            on_closed: Some(Box::new(on_closed)),
        }
    }

    fn write(&mut self, text: &str) {
        if self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).is_err()
            && let Some(on_closed) = self.on_closed.take()
        {
            on_closed();
        }
    }

    fn line(&mut self, style: Style, status: &str, text: &str) {
        self.speaking = None;
        self.latest = None;
        let line = line(style, status, text);
        self.write(&line);
    }

    fn step(&mut self, style: Style, status: &str, step: &str, pipeline: &str, facts: &str) {
        let facts = if facts.is_empty() { String::new() } else { format!(" ({facts})") };
        self.line(style, status, &format!("{}{facts}", speaker(step, pipeline)));
    }

    fn finished(&mut self, step: &str, pipeline: &str, outcome: &Outcome, took: f64, facts: &str) {
        match outcome {
            Outcome::Cached => self.step(CYAN, "CACHED", step, pipeline, facts),
            Outcome::Ran if took == 0.0 && !facts.is_empty() => {
                self.step(GREEN, "sent", step, pipeline, facts)
            }
            Outcome::Ran => self.step(GREEN, &seconds(took), step, pipeline, facts),
            Outcome::Shared => {
                self.step(CYAN, "SHARED", step, pipeline, "done by another run at the same time")
            }
            Outcome::Unchanged => self.step(DIM, "unchanged", step, pipeline, facts),
            Outcome::Canceled => self.step(YELLOW, "stopped", step, pipeline, facts),
            Outcome::Failed { .. } => {
                let latest = self.latest.take();
                self.step(RED, "FAILED", step, pipeline, &seconds(took));
                self.latest = latest.filter(|latest| *latest == speaker(step, pipeline));
            }
        }
    }

    fn log(&mut self, pipeline: &str, step: &str, at: f64, text: &str) {
        let speaker = speaker(step, pipeline);
        let mut block = String::new();
        if self.speaking.as_ref() != Some(&speaker) {
            let _ = writeln!(block, "{:>STATUS_WIDTH$} {speaker}", "");
            self.speaking = Some(speaker.clone());
        }
        self.latest = Some(speaker);
        for line in text.lines() {
            let _ = writeln!(block, "{DIM}[{at:.2}s]{DIM:#} {line}");
        }
        self.write(&block);
    }

    fn test(&mut self, event: &Event) {
        let Event::TestFinished {
            pipeline,
            step,
            exit_code,
            cached,
            before,
            timed_out,
            broken,
            counts,
            failures,
            tail,
            log,
            ..
        } = event
        else {
            return;
        };
        let counted = counts.map(|counts| self::counts(&counts));
        let from_cache = match (*cached, before) {
            (false, _) => String::new(),
            (true, None) => ", CACHED".into(),
            (true, Some(before)) => format!(", CACHED ({})", self::before(before, self.now)),
        };
        if *exit_code == 0 {
            let (style, what) = match *counts {
                Some(TestCounts { passed: 0, failed: 0, skipped: 0 }) => (YELLOW, "no test ran".into()),
                Some(TestCounts { passed: 0, failed: 0, skipped }) => {
                    (YELLOW, format!("no test ran: {skipped} skipped"))
                }
                _ => (GREEN, counted.unwrap_or_else(|| "passed".into())),
            };
            self.results.push(line(style, "PASSED", &format!("{pipeline}: {what}{from_cache}")));
            return;
        }
        let mut text = String::new();
        for failure in failures {
            let _ = writeln!(text, "\n{RED}FAILED{RED:#} {} {DIM}({}){DIM:#}", failure.name, failure.file);
            let lines: Vec<&str> = failure.message.lines().collect();
            for line in lines.iter().take(FAILURE_LINES) {
                let _ = writeln!(text, "    {line}");
            }
            if lines.len() > FAILURE_LINES {
                let _ = writeln!(text, "    … {} more lines in the log", lines.len() - FAILURE_LINES);
            }
        }
        let output = match (broken, failures.is_empty()) {
            (Some(_), _) => String::new(), // it is not what failed
            (None, true) => last_lines(step, pipeline, Some(*exit_code), tail),
            (None, false) => text,
        };
        let log = complete_output(log);
        let streamed = failures.is_empty().then(|| speaker(step, pipeline));
        self.failures.push(Failure { streamed, output, log });
        let what = match (*timed_out, broken, counted) {
            (true, ..) => "stopped by the time limit".into(),
            (false, Some(_), _) => "stopped, for something that it needs broke".into(),
            (false, None, Some(counted)) => counted,
            (false, None, None) => format!("exit code {exit_code}"),
        };
        self.results.push(line(RED, "FAILED", &format!("{pipeline}: {what}")));
    }

    fn end(&mut self, exit_code: i32, took: f64) {
        let mut failures = String::new();
        for Failure { streamed, output, log } in std::mem::take(&mut self.failures) {
            if streamed.is_none() || streamed != self.latest {
                failures += &output;
            }
            failures += &log;
        }
        let mut results = std::mem::take(&mut self.results).concat();
        let failed_before_it_began = (1..=128).contains(&exit_code) && !self.began && results.is_empty();
        if self.verbosity == Verbosity::Quiet && exit_code == 0 {
            return;
        }
        if !failures.is_empty() {
            results.insert(0, '\n');
        }
        self.write(&failures);
        self.write(&results);
        let (style, status, when) = match exit_code {
            0 => (GREEN, "Finished", "in"),
            // 128 and a signal's number.
            129.. => (YELLOW, "Stopped", "after"),
            _ => (RED, "Failed", "in"),
        };
        if self.verbosity > Verbosity::Quiet && !failed_before_it_began {
            self.line(style, status, &format!("{when} {}", seconds(took)));
        }
    }
}

impl<W: Write + Send> Reporter for Plain<W> {
    fn event(&mut self, at: Duration, event: &Event) {
        self.now = self.started + at.as_secs_f64();
        let normal = self.verbosity >= Verbosity::Normal;
        let verbose = self.verbosity >= Verbosity::Verbose;
        match event {
            Event::RunStarted { unix, .. } => self.started = *unix,
            Event::PipelineStarted { .. } => self.began = true,
            Event::Notice { text } if normal => self.line(YELLOW, "note", text),
            Event::Detail { text } if verbose => self.line(DIM, "detail", text),
            Event::Output { line } => {
                self.speaking = None;
                self.latest = None;
                self.write(&format!("{line}\n"));
            }
            Event::StandIn { image, tag, differs } if normal => {
                self.line(YELLOW, "stand-in", &format!("{tag} stands in for {image}: {differs}"));
            }
            Event::Pull { image, current: 0, done: false, .. } if normal => {
                self.line(GREEN, "pulling", image)
            }
            Event::Pull { image, total, done: true, .. } if normal => {
                self.line(GREEN, "pulled", &format!("{image}, {}", bytes(*total)));
            }
            // Files are copied in no time: that they were is enough.
            Event::StepStarted { pipeline, step, kind: StepKind::Exec | StepKind::Test, .. } if normal => {
                self.step(DIM, "running", step, pipeline, "");
                self.speaking = Some(speaker(step, pipeline));
            }
            Event::StepLog { pipeline, step, seconds, text, .. } if normal => {
                self.log(pipeline, step, *seconds, text);
            }
            Event::StepFinished { pipeline, step, outcome, seconds, facts, .. } if normal => {
                self.finished(step, pipeline, outcome, *seconds, facts);
            }
            Event::TestFinished { .. } => self.test(event),
            Event::StepFailed { pipeline, step, exit_code, tail, log } => {
                self.failures.push(Failure {
                    streamed: Some(speaker(step, pipeline)),
                    output: if tail.is_empty() {
                        String::new()
                    } else {
                        last_lines(step, pipeline, *exit_code, tail)
                    },
                    log: complete_output(log),
                });
                let how = exit_code.map_or_else(String::new, |code| format!(", exit code {code}"));
                self.results.push(line(RED, "FAILED", &format!("{pipeline}: {step}{how}")));
            }
            Event::ServiceFailed { why, tail, log, .. } => {
                let (output, log) = plain_services::failure(why, tail, log);
                self.failures.push(Failure { streamed: None, output, log });
                self.results.push(line(RED, "FAILED", why));
            }
            Event::ServiceLog { service, text } if verbose || self.services.are_followed(service) => {
                let block = self.services.lines(service, text);
                self.speaking = None;
                self.latest = None;
                self.write(&block);
            }
            Event::ServicesFollowed { services } => self.services.follow(services),
            Event::ServicesLeft { session, engine, services } => {
                self.results.push(plain_services::left(session, engine.as_deref(), services));
            }
            Event::Service { .. } | Event::ServicesRemoved { .. } if normal => {
                if let Some((style, status, text)) = self.services.state(event, verbose) {
                    self.line(style, status, &text);
                }
            }
            Event::Artifacts { folder, entries, .. } if !entries.is_empty() => {
                self.results.push(plain_services::artifacts(folder, entries));
            }
            Event::ImageExported { pipeline, image } if verbose => {
                self.line(DIM, "image", &format!("{image} {DIM}> from {pipeline}{DIM:#}"));
            }
            Event::Exported { pipeline, path } if normal => {
                self.line(GREEN, "exported", &format!("{path} {DIM}> from {pipeline}{DIM:#}"));
            }
            Event::RunFinished { exit_code, seconds, .. } => self.end(*exit_code, *seconds),
            _ => {}
        }
    }
}

fn complete_output(log: &str) -> String {
    if log.is_empty() { String::new() } else { format!("\ncomplete output: {log}\n") }
}

/// What is told of a failure at the end.
struct Failure {
    /// The step whose streamed output ends in the same lines: they are told once, if that is the
    /// last thing on the screen anyway.
    streamed: Option<String>,
    output: String,
    log: String,
}

fn last_lines(step: &str, pipeline: &str, exit_code: Option<i32>, tail: &[String]) -> String {
    let how = exit_code.map_or_else(|| "failed".to_owned(), |code| format!("ended with exit code {code}"));
    let after = if tail.is_empty() { " and said nothing" } else { "; its last lines:" };
    let mut text = format!("\n{} {how}{after}\n", speaker(step, pipeline));
    for line in tail {
        let _ = writeln!(text, "    {line}");
    }
    text
}

pub(super) fn speaker(step: &str, pipeline: &str) -> String {
    format!("{step} {DIM}> in {pipeline}{DIM:#}")
}

pub(super) fn line(style: Style, status: &str, text: &str) -> String {
    format!("{style}{status:>STATUS_WIDTH$}{style:#} {text}\n")
}

/// `0.15s`, `12.3s`, `4m 07s`.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.2}s")
    } else if seconds < 60.0 {
        format!("{seconds:.1}s")
    } else {
        let whole = Duration::from_secs_f64(seconds.min(1e9)).as_secs();
        format!("{}m {:02}s", whole / 60, whole % 60)
    }
}

/// `ran 2 h ago in 5.1 s`; `now` is in seconds since 1970.
pub(super) fn before(before: &MadeBefore, now: f64) -> String {
    format!("ran {} ago in {}", ago(now - before.ended), seconds(before.seconds))
}

/// A time that is over, in its largest unit: `2 h`, `3 days`.
pub(super) fn ago(seconds: f64) -> String {
    let minutes = (seconds / 60.0).max(0.0) as u64;
    match (minutes, minutes / 60, minutes / 60 / 24) {
        (0, ..) => format!("{:.0} s", seconds.max(0.0)),
        (_, 0, _) => format!("{minutes} min"),
        (_, hours, 0) => format!("{hours} h"),
        (.., 1) => "1 day".into(),
        (.., days) => format!("{days} days"),
    }
}

pub(super) fn counts(counts: &TestCounts) -> String {
    let TestCounts { passed, failed, skipped } = *counts;
    let mut text = format!("{passed} passed");
    if failed > 0 {
        let _ = write!(text, ", {failed} failed");
    }
    if skipped > 0 {
        let _ = write!(text, ", {skipped} skipped");
    }
    text
}

#[cfg(test)]
mod tests;
