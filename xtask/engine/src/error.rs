//! How a run can fail, and what the process's exit code says of it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::docker::EngineError;
use crate::pipeline::PipelineError;
use crate::service::{PlanError, ServiceFailure};
use crate::source::SourceError;

/// Why a pipeline gave no result. Each text is one sentence for the user.
#[derive(Debug, Error)]
pub enum Error {
    /// The pipeline itself is wrong.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// An option has a value that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// A directory of the host cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file of the host could not be sent.
    #[error("{0}")]
    Unreadable(String),
    /// A secret cannot be read.
    #[error("cannot read the secret from {secret}: {why}")]
    Secret {
        /// Where it should be.
        secret: String,
        /// Why it cannot be read.
        why: String,
    },
    /// An image cannot be had.
    #[error("{0}")]
    Image(String),
    /// The container engine is missing, unfit or gone.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A step failed.
    #[error("{pipeline}: `{step}` failed{}", step_failure(.exit_code.as_ref(), .tail))]
    Step {
        /// The pipeline.
        pipeline: String,
        /// The step.
        step: String,
        /// The command's exit code, if it was one.
        exit_code: Option<i32>,
        /// Its last lines, or the engine's own words.
        tail: Vec<String>,
    },
    /// A test command failed; what failed is in the test's report.
    #[error("{pipeline}: {summary}")]
    Test {
        /// The pipeline.
        pipeline: String,
        /// What failed, in a few words.
        summary: String,
    },
    /// Services cannot run together as they are described.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A service or a job failed.
    #[error("{0}")]
    Service(Box<ServiceFailure>),
    /// The time limit ended it.
    #[error("{pipeline}: stopped by the time limit of {}{}", seconds(.limit), .during.as_ref().map(|during| format!(" while {during}")).unwrap_or_default())]
    TimedOut {
        /// The pipeline.
        pipeline: String,
        /// The limit.
        limit: Duration,
        /// What happened at that moment: `` `npm ci` ran ``.
        during: Option<String>,
    },
    /// The user or the system asked to stop.
    #[error("stopped")]
    Canceled,
    /// A result cannot be written.
    #[error("cannot write {}: {why}", .path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The machine cannot do it: its disk is full, a program is missing.
    #[error("{0}")]
    Machine(String),
}

/// A command's output was shown as it came; where there is no command, the engine's words are all.
fn step_failure(exit_code: Option<&i32>, tail: &[String]) -> String {
    match exit_code {
        Some(code) => format!(" with exit code {code}"),
        None if tail.is_empty() => String::new(),
        None => format!(": {}", tail.join(" ")),
    }
}

/// A duration as a user types it: `90 s`, `0.5 s`.
fn seconds(limit: &Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

/// Why something cannot be written, and what to do.
pub(crate) fn write_problem(error: &io::Error) -> String {
    use io::ErrorKind as K;
    // A library wraps: the innermost cause is the system's own word.
    let mut innermost: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let innermost = innermost.downcast_ref::<io::Error>().unwrap_or(error);
    let advice = match innermost.kind() {
        K::StorageFull | K::QuotaExceeded => "make room on that disk",
        K::PermissionDenied | K::ReadOnlyFilesystem => "make it writable",
        _ => "correct the path",
    };
    format!("{}; {advice}, or name another folder", crate::source::reason(innermost))
}

impl Error {
    /// Something could not be written at `path`.
    pub fn write(path: impl Into<PathBuf>, error: &io::Error) -> Self {
        Self::Write { path: path.into(), why: write_problem(error) }
    }

    /// The exit code that tells the kind: 1 the tests or a step failed, 2 wrong input, 3 the engine
    /// or the machine is not ready. For [`Error::Canceled`] the signal decides; 130 is Ctrl-C's.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Step { .. } | Self::Test { .. } | Self::Service(_) | Self::TimedOut { .. } => 1,
            Self::Pipeline(_)
            | Self::Plan(_)
            | Self::Usage(_)
            | Self::Source(_)
            | Self::Unreadable(_)
            | Self::Secret { .. } => 2,
            Self::Engine(error) if error.is_usage() => 2,
            Self::Engine(_) | Self::Image(_) | Self::Write { .. } | Self::Machine(_) => 3,
            Self::Canceled => 130,
        }
    }
}
