//! How a run comes of its events.

use super::{End, Left, Pipeline, Pull, Run, Service, ServiceFailure, Step, StepFailure, Test};
use crate::event::{Event, Outcome, ServiceState, StepKind};

/// Lines with errors that are kept of each service.
const ERRORS: usize = 50;
/// Bytes of one piece of output in which errors are looked for.
const LOOKED_AT: usize = 16 * 1024;
/// The most of one such line, in characters.
const ERROR_LENGTH: usize = 500;

impl Run {
    /// Takes one more event; `at` is in seconds since the run began.
    pub fn apply(&mut self, at: f64, event: &Event) {
        match event {
            Event::RunStarted { schema, run, task, command, unix, record } => {
                self.schema = *schema;
                self.run.clone_from(run);
                self.task.clone_from(task);
                self.command.clone_from(command);
                self.unix = *unix;
                self.record.clone_from(record);
            }
            Event::Notice { text } => self.notices.push(text.clone()),
            Event::StandIn { image, tag, differs } => {
                self.stand_ins.push(format!("{tag} stands in for {image}: {differs}"));
            }
            Event::Pull { image, current, total, done } => {
                let pull = self.pull(at, image);
                (pull.current, pull.total) = (*current, *total);
                pull.ended = done.then_some(at);
            }
            Event::Service { service, state, seconds } => self.service_came(at, service, state, *seconds),
            Event::ServiceLog { service, text } => self.service_said(at, service, text),
            Event::ServiceFailed { service, why, tail, log } => {
                let (why, tail, log) = (why.clone(), tail.clone(), log.clone());
                self.service(service).failure = Some(ServiceFailure { why, tail, log });
            }
            Event::ServicesLeft { session, engine, services } => {
                let (session, engine) = (session.clone(), engine.clone());
                self.left = Some(Left { session, engine, services: services.clone() });
            }
            Event::TestFinished { .. } => self.tests.extend(Test::of(at, event)),
            Event::Artifacts { pipeline, folder, entries } => {
                let artifacts = Some((folder.clone(), entries.clone()));
                match self.tests.iter_mut().rev().find(|test| test.pipeline == *pipeline) {
                    Some(test) => test.artifacts = artifacts,
                    None => self.logs = artifacts,
                }
            }
            Event::RunFinished { exit_code, seconds, error } => {
                self.end = Some(End { exit_code: *exit_code, seconds: *seconds, error: error.clone() });
            }
            _ => self.apply_to_pipeline(at, event),
        }
    }

    fn apply_to_pipeline(&mut self, at: f64, event: &Event) {
        match event {
            Event::PipelineStarted { pipeline } => {
                let name = pipeline.clone();
                self.pipelines.push(Pipeline { name, started: at, ..Pipeline::default() });
            }
            Event::StepsPlanned { pipeline, steps } => {
                let pipeline = self.pipeline(pipeline);
                for planned in steps {
                    let step = pipeline.step(&planned.id, &planned.step, planned.kind);
                    if step.ended.is_none() {
                        *step = Step { started: step.started, ..Step::planned(planned) };
                    }
                }
            }
            Event::StepStarted { pipeline, id, step, kind } => {
                let step = self.pipeline(pipeline).step(id, step, *kind);
                step.started = Some(at);
                step.ended = None;
            }
            Event::StepLog { pipeline, id, step, text, .. } => {
                let step = self.pipeline(pipeline).step(id, step, StepKind::Exec);
                step.lines += count_lines(text);
            }
            Event::StepFinished { pipeline, id, step, kind, outcome, seconds, facts } => {
                let step = self.pipeline(pipeline).step(id, step, *kind);
                if *seconds > 0.0 && *outcome != Outcome::Cached && step.started.is_none() {
                    step.started = Some((at - seconds).max(0.0));
                }
                step.ended = Some(at);
                step.outcome = Some(outcome.clone());
                step.seconds = *seconds;
                step.facts.clone_from(facts);
            }
            Event::Uploading { pipeline, directory, files, bytes }
            | Event::Uploaded { pipeline, directory, files, bytes, .. } => {
                let suffix = format!(" {directory}");
                let mut steps = self.pipeline(pipeline).steps.iter_mut();
                let upload = |step: &&mut Step| step.kind == StepKind::Upload && step.step.ends_with(&suffix);
                if let Some(step) = steps.find(upload) {
                    step.sent = (*files, *bytes);
                    step.started = step.started.or(Some(at));
                }
            }
            Event::StepFailed { pipeline, step, exit_code, tail, log } => {
                let mut steps = self.pipeline(pipeline).steps.iter_mut().rev();
                if let Some(failed) = steps.find(|known| known.step == *step) {
                    let (tail, log) = (tail.clone(), log.clone());
                    failed.failure = Some(StepFailure { exit_code: *exit_code, tail, log });
                }
            }
            Event::PipelineFinished { pipeline, passed, error, .. } => {
                let pipeline = self.pipeline(pipeline);
                pipeline.ended = Some(at);
                pipeline.passed = *passed;
                pipeline.error.clone_from(error);
            }
            _ => {}
        }
    }

    /// The last pipeline of this name, or the last that goes on: one may run several times, and one
    /// that makes a test's container runs while the one of the test goes on.
    fn pipeline(&mut self, name: &str) -> &mut Pipeline {
        let last = |goes_on: bool| {
            let named = |known: &Pipeline| known.name == name && (known.ended.is_none() || !goes_on);
            self.pipelines.iter().rposition(named)
        };
        let at = last(true).or_else(|| last(false)).unwrap_or_else(|| {
            self.pipelines.push(Pipeline { name: name.to_owned(), ..Pipeline::default() });
            self.pipelines.len() - 1
        });
        &mut self.pipelines[at]
    }

    fn service(&mut self, name: &str) -> &mut Service {
        let at = self.services.iter().position(|known| known.name == name).unwrap_or_else(|| {
            self.services.push(Service { name: name.to_owned(), ..Service::default() });
            self.services.len() - 1
        });
        &mut self.services[at]
    }

    fn service_came(&mut self, at: f64, name: &str, state: &ServiceState, seconds: f64) {
        let service = self.service(name);
        if let ServiceState::Creating { pipeline, needs } = state {
            service.pipeline.clone_from(pipeline);
            service.needs.clone_from(needs);
        }
        if matches!(state, ServiceState::Ready | ServiceState::Completed) {
            service.seconds = seconds;
        }
        service.states.push((at, state.clone()));
    }

    fn service_said(&mut self, at: f64, name: &str, text: &str) {
        let service = self.service(name);
        service.lines += count_lines(text);
        // Of a program that prints without measure only the latest is looked at.
        let mut from = text.len().saturating_sub(LOOKED_AT);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        for line in text[from..].lines() {
            if tells_of_an_error(line) {
                if service.errors.len() == ERRORS {
                    service.errors.pop_front();
                }
                let plain = anstream::adapter::strip_str(line).to_string();
                service.errors.push_back((at, plain.chars().take(ERROR_LENGTH).collect()));
            }
        }
    }

    fn pull(&mut self, at: f64, image: &str) -> &mut Pull {
        let at = self.pulls.iter().position(|known| known.image == image).unwrap_or_else(|| {
            let image = image.to_owned();
            self.pulls.push(Pull { image, started: at, ended: None, current: 0, total: 0 });
            self.pulls.len() - 1
        });
        &mut self.pulls[at]
    }
}

impl Test {
    fn of(at: f64, event: &Event) -> Option<Self> {
        let Event::TestFinished {
            pipeline,
            id,
            step,
            exit_code,
            cached,
            before,
            timed_out,
            broken,
            counts,
            failures,
            suites,
            tail,
            log,
        } = event.clone()
        else {
            return None;
        };
        Some(Self {
            at,
            pipeline,
            id,
            step,
            exit_code,
            cached,
            before,
            timed_out,
            broken,
            counts,
            failures,
            suites,
            tail,
            log,
            artifacts: None,
        })
    }
}

fn count_lines(text: &str) -> u64 {
    let ends = text.matches('\n').count() as u64;
    ends + u64::from(!text.is_empty() && !text.ends_with('\n'))
}

/// Whether a line of a log is of something that went wrong: by the level that it says, else by its
/// words.
fn tells_of_an_error(line: &str) -> bool {
    const LEVELS: [&str; 4] = ["level=", "\"level\":\"", "\"level\": \"", "severity="];
    const SERIOUS: [&str; 5] = ["err", "fatal", "panic", "crit", "alert"];
    const WORDS: [&str; 5] = ["error", "fatal", "panic", "exception", "unhandled"];
    const HARMLESS: [&str; 3] = ["no error", "0 error", "without error"];
    let line = line.to_lowercase();
    let level = LEVELS.iter().find_map(|level| line.split_once(level));
    if let Some((_, level)) = level {
        return SERIOUS.iter().any(|serious| level.trim_start_matches('"').starts_with(serious));
    }
    WORDS.iter().any(|word| line.contains(word)) && !HARMLESS.iter().any(|text| line.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_in_logs_are_told_by_their_level_else_by_their_words() {
        let errors = [
            "2026-11-26 02:53:54.655 UTC [71] ERROR:  duplicate key value",
            "[Nest] 18  - ERROR [ExceptionsHandler] the database said no",
            "time=2026 level=error msg=no",
            r#"{"level":"fatal","msg":"no"}"#,
            "thread 'main' panicked at src/main.rs:1:1",
        ];
        let harmless = [
            "time=2026 level=info msg=Encountered self-service login error. error=map[message:no]",
            r#"{"level":"info","error":null}"#,
            "Found 0 errors. Watching for file changes.",
            "ready to accept connections",
        ];
        assert!(errors.iter().all(|line| tells_of_an_error(line)));
        assert!(!harmless.iter().any(|line| tells_of_an_error(line)));
    }
}
