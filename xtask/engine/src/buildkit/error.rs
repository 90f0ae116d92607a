//! How a solve can end other than well.

use thiserror::Error;
use tonic::{Code, Status};

/// A solve that gave no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum SolveError {
    /// An operation failed.
    #[error("{message}")]
    Failed {
        /// What BuildKit said.
        message: String,
    },
    /// BuildKit could not be reached any more.
    #[error("{reason}")]
    Lost {
        /// What happened to the connection.
        reason: String,
    },
    /// It was cancelled from here.
    #[error("cancelled")]
    Canceled,
    /// A directory moved while it was sent.
    #[error("files changed while they were read")]
    Torn,
    /// It ran into its time limit.
    #[error("timed out")]
    TimedOut,
}

impl From<Status> for SolveError {
    fn from(status: Status) -> Self {
        // What BuildKit itself says has code Unknown (or a code of its own choosing); a broken
        // connection shows as Unavailable, or as a transport error under any code.
        let from_transport = std::error::Error::source(&status).is_some();
        match status.code() {
            // The library's own words are "transport error" and the like.
            Code::Unavailable => Self::Lost { reason: "the connection broke".into() },
            _ if from_transport => Self::Lost { reason: "the connection broke".into() },
            _ => Self::Failed { message: status.message().to_owned() },
        }
    }
}

/// The exit code in a failed step's message. BuildKit gives no details, so its words are all:
/// `… did not complete successfully: exit code: 7` (solver/llbsolver/errdefs, executor/runcexecutor).
pub(crate) fn exit_code(message: &str) -> Option<i32> {
    let (_, rest) = message.rsplit_once("exit code: ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::exit_code;

    #[test]
    fn the_exit_code_is_read_from_the_message() {
        assert_eq!(exit_code("executor failed running [false]: exit code: 1"), Some(1));
        assert_eq!(
            exit_code("process \"x\" did not complete successfully: exit code: 137: killed"),
            Some(137)
        );
        assert_eq!(exit_code("failed to compute cache key"), None);
    }
}
