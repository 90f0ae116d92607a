//! How a service can fail: in words for people, with what it last said.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::docker::Ended;

/// What went wrong with a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It runs but is not ready.
    NotReady {
        /// The time it had.
        limit: Duration,
        /// What tells that it is ready.
        readiness: String,
        /// The result of the last probe.
        last: String,
    },
    /// It ended before it was ready.
    EndedBeforeReady(Ended),
    /// It ended while others needed it.
    EndedWhileNeeded(Ended),
    /// A job ended with another exit code than 0.
    JobFailed(Ended),
    /// A job did not end.
    JobTooLong {
        /// The time it had.
        limit: Duration,
    },
    /// The engine cannot start it.
    CannotStart(String),
    /// Its image's health check says that it is not well.
    Unhealthy {
        /// What the check said.
        last: String,
    },
}

/// A service that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFailure {
    /// The service.
    pub service: String,
    /// What went wrong.
    pub why: Why,
    /// Its last lines.
    pub tail: Vec<String>,
    /// Where all of them are; none if it never ran.
    pub log: Option<PathBuf>,
}

impl std::fmt::Display for ServiceFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { service, why, .. } = self;
        match why {
            Why::NotReady { limit, readiness, last } => write!(
                f,
                "{service} was not ready within {}: {readiness}: {last}; see what it says, or give it longer with \
                 --ready-timeout",
                seconds(*limit)
            ),
            Why::EndedBeforeReady(ended) => {
                write!(f, "{service} ended before it was ready, {}", how(ended))
            }
            Why::EndedWhileNeeded(ended) => {
                write!(f, "{service} ended while it was needed, {}", how(ended))
            }
            Why::JobFailed(ended) => write!(f, "{service} failed, {}", how(ended)),
            Why::JobTooLong { limit } => write!(
                f,
                "{service} did not end within {}; see what it says, or give it longer with --ready-timeout",
                seconds(*limit)
            ),
            Why::CannotStart(said) => write!(f, "{service} cannot be started: {said}"),
            Why::Unhealthy { last } => {
                write!(f, "{service} is not well, says its image's health check: {last}")
            }
        }
    }
}

fn how(ended: &Ended) -> String {
    match ended {
        Ended { out_of_memory: true, .. } => {
            "killed for want of memory; give the engine's machine more, or the service a higher limit".into()
        }
        // 128 and the signal's number, as shells count.
        Ended { code: 137, .. } => "killed from outside (exit code 137)".into(),
        Ended { code, .. } => format!("with exit code {code}"),
    }
}

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

/// Tells all that use services that one of them broke, and why.
#[derive(Debug, Default)]
pub(crate) struct Broken {
    token: CancellationToken,
    why: Mutex<Option<Error>>,
}

impl Broken {
    /// Something broke; the first counts.
    pub(crate) fn tell(&self, error: Error) {
        let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.token.is_cancelled() {
            *why = Some(error);
            self.token.cancel();
        }
    }

    /// Waits until something breaks; gives what it was.
    pub(crate) async fn wait(&self) -> Error {
        self.token.cancelled().await;
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        why.as_ref().map_or(Error::Canceled, Error::again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(why: Why) -> String {
        ServiceFailure { service: "crux".into(), why, tail: Vec::new(), log: None }.to_string()
    }

    #[test]
    fn failures_say_what_and_why() {
        let ended = |code, out_of_memory| Ended { code, out_of_memory };
        let limit = Duration::from_millis(1500);
        let texts = [
            Why::NotReady {
                limit,
                readiness: "GET :1848/api/health".into(),
                last: "connection refused".into(),
            },
            Why::EndedBeforeReady(ended(1, false)),
            Why::EndedWhileNeeded(ended(137, true)),
            Why::EndedWhileNeeded(ended(137, false)),
            Why::JobFailed(ended(3, false)),
            Why::JobTooLong { limit },
            Why::CannotStart("no such program".into()),
            Why::Unhealthy { last: "exit code 1".into() },
        ];
        insta::assert_snapshot!(texts.map(text).join("\n"));
    }

    #[tokio::test]
    async fn the_first_to_break_is_told_to_all() {
        let broken = Broken::default();
        broken.tell(Error::Machine("first".into()));
        broken.tell(Error::Machine("second".into()));
        assert_eq!(broken.wait().await.to_string(), "first");
        assert_eq!(broken.wait().await.to_string(), "first");
    }
}
