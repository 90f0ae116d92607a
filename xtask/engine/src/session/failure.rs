//! What a solve that gave no result means, in the words of a user.

use std::future::Future;
use std::time::Duration;

use super::Session;
use crate::Error;
use crate::buildkit::{Progress, SolveError, exit_code};
use crate::docker::EngineError;
use crate::event::{Event, Outcome};
use crate::report::step_log;

/// An engine that says nothing for so long hangs, however much it has to do.
pub(super) const SILENCE: Duration = Duration::from_secs(20);

impl Session {
    /// `work`, unless the user stops it, its time is up or the engine hangs before it ends.
    pub(super) async fn in_time<T>(
        &self,
        pipeline: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            result = work => result,
            () = self.cancel.cancelled() => Err(Error::Canceled),
            () = deadline => Err(self.timed_out(pipeline, None)),
            hangs = self.engine.hangs(SILENCE) => Err(hangs.into()),
        }
    }

    /// The time limit ended `step`, or what comes before the first one.
    pub(super) fn timed_out(&self, pipeline: &str, step: Option<String>) -> Error {
        let limit = self.options.timeout.unwrap_or_default();
        let during = step.map(|step| format!("`{step}` ran"));
        Error::TimedOut { pipeline: pipeline.to_owned(), limit, during }
    }

    /// Why a solve failed; in `failed` the event that shows the last lines of a step that did.
    pub(super) fn solve_error(
        &self,
        name: &str,
        error: SolveError,
        progress: &Progress<'_>,
        failed: &mut Option<Event>,
    ) -> Error {
        match error {
            SolveError::Canceled | SolveError::Torn => Error::Canceled,
            SolveError::TimedOut => {
                let stopped = progress.find(|_, result| result.outcome == Outcome::Canceled);
                self.timed_out(name, stopped.map(|(step, _)| step.name.clone()))
            }
            SolveError::Lost { reason } => {
                let endpoint = self.engine.endpoint().to_string();
                EngineError::Gone { endpoint, reason }.into()
            }
            SolveError::Failed { message } => self.step_error(name, message, progress, failed),
        }
    }

    fn step_error(
        &self,
        name: &str,
        message: String,
        progress: &Progress<'_>,
        told: &mut Option<Event>,
    ) -> Error {
        let failed = progress.find(|_, result| matches!(result.outcome, Outcome::Failed { .. }));
        let Some((step, _)) = failed else {
            return self.machine_error(name, &message).unwrap_or_else(|| {
                Error::Machine(format!("{name}: the container engine cannot carry it out: {message}"))
            });
        };
        let exit_code = exit_code(&message);
        let tail = progress.tail(&step.digest);
        let said = tail.join("\n");
        let (pipeline, digest, step) = (name.to_owned(), step.digest.clone(), step.name.clone());
        *told = Some(Event::StepFailed {
            pipeline: pipeline.clone(),
            step: step.clone(),
            exit_code,
            tail: tail.clone(),
            log: step_log(&self.options.record, &digest).display().to_string(),
        });
        // The engine's own words, where there is no command that failed.
        let tail = if exit_code.is_none() { vec![message.clone()] } else { tail };
        let of_machine = self.machine_error(name, &message).or_else(|| self.machine_error(name, &said));
        of_machine.unwrap_or(Error::Step { pipeline, step, exit_code, tail })
    }

    /// What the words of an engine or a command say about the engine's machine, if anything.
    pub(super) fn machine_error(&self, name: &str, said: &str) -> Option<Error> {
        // Not `ENOSPC` alone: Node says that when it runs out of file watchers, too.
        if said.to_lowercase().contains("no space left on device") {
            return Some(Error::Machine(format!(
                "{name}: the container engine's disk is full; make room on it, for instance with `cargo xtask cache \
                 prune` or `docker system prune`"
            )));
        }
        if said.contains("exec format error") {
            return Some(Error::Machine(format!(
                "{name}: the container engine cannot run programs for {}; {}",
                self.platform_name(),
                super::platform::EMULATION
            )));
        }
        None
    }
}

/// The part of the engine's words that says why: runc's own, and those of the network, come last.
pub(super) fn cannot_start(message: &str) -> String {
    const NETWORK: &str = "driver failed programming external connectivity on endpoint ";
    let of_network = message.split_once(NETWORK).and_then(|(_, rest)| rest.split_once("): "));
    let words = of_network.map_or(message, |(_, why)| why);
    let words = words.rsplit("exec: ").next().unwrap_or(words).trim();
    let words = words.strip_suffix(": unknown").unwrap_or(words);
    crate::in_one_line(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_container_from_starting_is_told_without_the_engines_own_matters() {
        let port = "driver failed programming external connectivity on endpoint xtask-day-crux.0 (54e68a): Bind for \
                    127.0.0.1:1848 failed: port is already allocated";
        assert_eq!(cannot_start(port), "Bind for 127.0.0.1:1848 failed: port is already allocated");
        let program = "failed to create shim: OCI runtime create failed: container_linux.go:380: starting container \
                       process caused: exec: \"nope\": executable file not found in $PATH: unknown";
        assert_eq!(cannot_start(program), "\"nope\": executable file not found in $PATH");
    }
}
