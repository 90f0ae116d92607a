//! Output for GitHub Actions: the log in groups, what failed as annotations where it failed, and a
//! summary on the page of the job.

mod command;
mod failures;
mod group;
mod summary;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anstyle::Style;

use self::command::{Annotation, END_GROUP, Level, group, guarded, of_programs};
use self::failures::{Failures, SHOWN};
use self::group::{Output, Outputs};
use super::breakage::Breakage;
use super::plain_services::{self, Services};
use super::reader::Reader;
use super::record::DIGEST;
use super::style::{DIM, GREEN, RED, YELLOW, line, seconds, speaker};
use super::{Run, Verbosity, ending, step_log, style};
use crate::event::{Event, Outcome, Reporter, StepKind};
use crate::size::bytes;

/// What output for GitHub has to know of where it runs.
#[derive(Debug, Clone, Default)]
pub struct GithubOptions {
    /// The folder of the run's record: where the complete logs are.
    pub record: PathBuf,
    /// What no program can guess: it ends the output of programs.
    pub token: String,
    /// What leads from the root of the checkout to the files that tests name: empty, or `tests/sample/`.
    /// None where they are not in the checkout.
    pub files: Option<String>,
    /// The file to which the job's summary is added.
    pub summary: Option<PathBuf>,
}

/// Writes events as lines for the runner of GitHub Actions.
pub struct Github<W> {
    out: Reader<W>,
    verbosity: Verbosity,
    options: GithubOptions,
    run: Run,
    outputs: Outputs,
    services: Services,
    failures: Failures,
    /// Told at the end.
    results: Vec<String>,
    /// Notices that were told as annotations.
    notices: usize,
}

impl<W: Write + Send> Github<W> {
    /// Writes to `out`. When nobody reads it any more, `on_closed` is called, once.
    pub fn new(
        out: W,
        verbosity: Verbosity,
        options: GithubOptions,
        on_closed: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self {
            out: Reader::new(out, on_closed),
            verbosity,
            options,
            run: Run::default(),
            outputs: Outputs::default(),
            services: Services::default(),
            failures: Failures::default(),
            results: Vec::new(),
            notices: 0,
        }
    }

    fn write(&mut self, text: &str) {
        self.out.write(text.as_bytes());
    }

    /// A line of ours. What of it comes from elsewhere may not be taken for a command.
    fn line(&mut self, style: Style, status: &str, text: &str) {
        let line = guarded(&self.options.token, &line(style, status, text));
        self.write(&line);
    }

    /// What a step printed, as a group, or only that it ended.
    fn ended(&mut self, event: &Event) {
        let Event::StepFinished { pipeline, id, step, kind, outcome, seconds: took, facts } = event else {
            return;
        };
        let (style, status, facts) = style::outcome(outcome, *kind, *took, facts);
        let took = seconds(*took);
        match self.outputs.take(pipeline, id) {
            Some(output) => {
                let failed = if matches!(outcome, Outcome::Failed { .. }) { "FAILED " } else { "" };
                self.group(&output, &format!("{failed}{step} > in {pipeline} ({took})"));
            }
            None => {
                let facts = if facts.is_empty() { facts } else { format!(" ({facts})") };
                self.line(style, &status, &format!("{}{facts}", speaker(step, pipeline)));
            }
        }
    }

    fn group(&mut self, output: &Output, title: &str) {
        let log = match output.id.starts_with(DIGEST) {
            true => step_log(&self.options.record, &output.id),
            false => self.options.record.join(&output.pipeline).join("output.log"),
        };
        let lines = of_programs(&self.options.token, &output.text(&log));
        self.write(&format!("{}{lines}{END_GROUP}", group(title)));
    }

    /// What steps printed that did not end, or after they did.
    fn rest(&mut self, pipeline: Option<&str>) {
        for output in self.outputs.take_all(pipeline) {
            let title = format!("{} > in {}", output.step, output.pipeline);
            self.group(&output, &title);
        }
    }

    /// The result of the test command that ended last.
    fn tested(&mut self) {
        let Some(test) = self.run.tests.last() else { return };
        let told = test.failures.iter().map(|failure| (test.pipeline.clone(), failure.clone()));
        self.failures.tests.extend(told);
        let (style, status, what) = ending::result(test, self.run.unix + test.at);
        let log = if test.exit_code == 0 || test.log.is_empty() {
            String::new()
        } else {
            format!("; complete output: {}", test.log)
        };
        self.results.push(line(style, status, &format!("{what}{log}")));
    }

    fn notice(&mut self, text: &str) {
        self.notices += 1;
        if self.notices > SHOWN {
            return self.line(YELLOW, "note", text);
        }
        let (title, message) = (String::new(), text.to_owned());
        let notice = Annotation { level: Level::Notice, file: None, line: None, title, message };
        self.write(&notice.to_string());
    }

    fn end(&mut self, exit_code: i32, took: f64, error: Option<&str>) {
        self.rest(None);
        let breaks = exit_code != 0 && self.failures.is_empty();
        if breaks {
            self.failures.others.push(Breakage::of_run(&self.run.task, exit_code, error));
        }
        let mut text = self.stand_ins();
        text += &self.failures.told(self.options.files.as_deref(), &self.options.token);
        let results = std::mem::take(&mut self.results).concat();
        if self.verbosity > Verbosity::Quiet || exit_code != 0 {
            text += &guarded(&self.options.token, &results);
        }
        self.write(&text);
        if self.verbosity > Verbosity::Quiet {
            self.write(&style::end(exit_code, took));
        }
        if let Some(path) = self.options.summary.take()
            && !(self.run.pipelines.is_empty() && exit_code == 0)
            && let Err(error) = self.summarise(&path)
        {
            let why = crate::source::reason(&error);
            self.line(
                YELLOW,
                "note",
                &format!("no summary, for {} cannot be written: {why}", path.display()),
            );
        }
    }

    /// One annotation that names all of them.
    fn stand_ins(&self) -> String {
        let named = summary::distinct(&self.run.stand_ins);
        if named.is_empty() {
            return String::new();
        }
        let title =
            format!("{} image{} had a stand-in", named.len(), if named.len() == 1 { "" } else { "s" });
        let message = named.join("\n");
        Annotation { level: Level::Warning, file: None, line: None, title, message }.to_string()
    }

    /// Adds to what other commands of the same step of the job wrote there.
    fn summarise(&self, path: &Path) -> io::Result<()> {
        let mut file = File::options().create(true).append(true).open(path)?;
        let there = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        let text = summary::summary(&self.run, &self.failures, summary::LIMIT.saturating_sub(there));
        file.write_all(text.as_bytes())
    }

    /// What is told as it happens.
    fn tell(&mut self, event: &Event) {
        match event {
            Event::Detail { text } if self.verbosity >= Verbosity::Verbose => self.line(DIM, "detail", text),
            Event::StandIn { image, tag, differs } => {
                self.line(YELLOW, "stand-in", &format!("{tag} stands in for {image}: {differs}"));
            }
            Event::Pull { image, current: 0, done: false, .. } => self.line(GREEN, "pulling", image),
            Event::Pull { image, total, done: true, .. } => {
                self.line(GREEN, "pulled", &format!("{image}, {}", bytes(*total)));
            }
            Event::StepStarted { pipeline, step, kind: StepKind::Exec | StepKind::Test, .. } => {
                self.line(DIM, "running", &speaker(step, pipeline));
            }
            Event::StepLog { pipeline, id, step, seconds, text } => {
                self.outputs.add(pipeline, id, step, *seconds, text);
            }
            Event::StepFinished { .. } => self.ended(event),
            Event::PipelineFinished { pipeline, .. } => self.rest(Some(pipeline)),
            Event::Service { .. } | Event::ServicesRemoved { .. } => {
                let verbose = self.verbosity >= Verbosity::Verbose;
                if let Some((style, status, text)) = self.services.state(event, verbose) {
                    self.line(style, status, &text);
                }
            }
            Event::Exported { pipeline, path } => {
                self.line(GREEN, "exported", &format!("{path} {DIM}> from {pipeline}{DIM:#}"));
            }
            _ => {}
        }
    }
}

impl<W: Write + Send> Reporter for Github<W> {
    fn event(&mut self, at: Duration, event: &Event) {
        self.run.apply(at.as_secs_f64(), event);
        self.failures.others.extend(Breakage::told_by(event));
        match event {
            Event::Output { line } => {
                let line = guarded(&self.options.token, &format!("{line}\n"));
                self.write(&line);
            }
            Event::Notice { text } => self.notice(text),
            Event::ServicesFollowed { services } => self.services.follow(services),
            Event::ServiceLog { service, text }
                if self.verbosity >= Verbosity::Verbose || self.services.are_followed(service) =>
            {
                let lines = self.services.lines(service, text);
                let lines = guarded(&self.options.token, &lines);
                self.write(&lines);
            }
            Event::TestFinished { .. } => self.tested(),
            Event::StepFailed { pipeline, step, exit_code, .. } => {
                self.results.push(ending::failed_step(pipeline, step, *exit_code));
            }
            Event::ServiceFailed { why, .. } => self.results.push(line(RED, "FAILED", why)),
            Event::ServicesLeft { session, engine, services } => {
                self.results.push(plain_services::left(session, engine.as_deref(), services));
            }
            Event::Artifacts { folder, entries, .. } if !entries.is_empty() => {
                self.results.push(plain_services::artifacts(folder, entries));
            }
            Event::RunFinished { exit_code, seconds, error } => {
                self.end(*exit_code, *seconds, error.as_deref())
            }
            _ if self.verbosity >= Verbosity::Normal => self.tell(event),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
