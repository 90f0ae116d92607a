//! Plain output: one line an event, for pipes, logs and people who like it calm. What matters
//! comes last.

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use anstyle::Style;

use super::plain_services::Services;
use super::reader::Reader;
use super::style::{DIM, GREEN, STATUS_WIDTH, YELLOW, line, speaker};
use super::{Run, ending, style};
use crate::event::{Event, Outcome, Reporter, StepKind};
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

/// Writes events as lines. Colours are written as ANSI sequences; give it a stream that takes them
/// out where they are not wanted.
pub struct Plain<W> {
    out: Reader<W>,
    verbosity: Verbosity,
    /// The step whose output the last line was: its name is told when another's begins.
    speaking: Option<String>,
    /// The step whose output and end were the last that was written.
    latest: Option<String>,
    run: Run,
    /// A command printed its result: that is all that people, and programs, want of it.
    printed: bool,
    services: Services,
}

impl<W: Write + Send> Plain<W> {
    /// Writes to `out`. When nobody reads it any more, `on_closed` is called, once.
    pub fn new(out: W, verbosity: Verbosity, on_closed: impl FnOnce() + Send + 'static) -> Self {
        Self {
            out: Reader::new(out, on_closed),
            verbosity,
            speaking: None,
            latest: None,
            run: Run::default(),
            printed: false,
            services: Services::default(),
        }
    }

    fn write(&mut self, text: &str) {
        self.out.write(text.as_bytes());
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

    fn finished(
        &mut self,
        step: &str,
        pipeline: &str,
        kind: StepKind,
        outcome: &Outcome,
        took: f64,
        facts: &str,
    ) {
        let latest = self.latest.take();
        let (style, status, facts) = style::outcome(outcome, kind, took, facts);
        self.step(style, &status, step, pipeline, &facts);
        if matches!(outcome, Outcome::Failed { .. }) {
            self.latest = latest.filter(|latest| *latest == speaker(step, pipeline));
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

    fn end(&mut self, exit_code: i32, took: f64) {
        let failures = ending::failures(&self.run, self.latest.as_deref());
        let mut results = ending::results(&self.run);
        let failed_before_it_began =
            (1..=128).contains(&exit_code) && self.run.pipelines.is_empty() && results.is_empty();
        if self.verbosity == Verbosity::Quiet && exit_code == 0 {
            return;
        }
        if !failures.is_empty() {
            results.insert(0, '\n');
        }
        self.write(&failures);
        self.write(&results);
        let only_printed = self.printed && self.run.pipelines.is_empty();
        if self.verbosity > Verbosity::Quiet && !failed_before_it_began && !only_printed {
            self.write(&style::end(exit_code, took));
        }
    }
}

impl<W: Write + Send> Reporter for Plain<W> {
    fn event(&mut self, at: Duration, event: &Event) {
        self.run.apply(at.as_secs_f64(), event);
        let normal = self.verbosity >= Verbosity::Normal;
        let verbose = self.verbosity >= Verbosity::Verbose;
        match event {
            Event::Notice { text } if normal => self.line(YELLOW, "note", text),
            Event::Detail { text } if verbose => self.line(DIM, "detail", text),
            Event::Output { line } => {
                self.printed = true;
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
            Event::StepFinished { pipeline, step, kind, outcome, seconds, facts, .. } if normal => {
                self.finished(step, pipeline, *kind, outcome, *seconds, facts);
            }
            Event::ServiceLog { service, text } if verbose || self.services.are_followed(service) => {
                let block = self.services.lines(service, text);
                self.speaking = None;
                self.latest = None;
                self.write(&block);
            }
            Event::ServicesFollowed { services } => self.services.follow(services),
            Event::Service { .. } | Event::ServicesRemoved { .. } if normal => {
                if let Some((style, status, text)) = self.services.state(event, verbose) {
                    self.line(style, status, &text);
                }
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

#[cfg(test)]
mod tests;
