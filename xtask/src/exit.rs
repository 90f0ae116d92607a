//! What the exit code says: 0 passed; 1 the tests or a step failed; 2 wrong input; 3 the engine or
//! the machine is not ready; 130 and 143 stopped by a signal; 141 nobody reads the output any more;
//! 101 a bug of ours.

use xtask_engine::Error;
use xtask_engine::docker::EngineError;

use crate::host::{Interrupted, NotReady, Usage};

/// Ctrl-C, as shells count signals: 128 + SIGINT.
pub const INTERRUPTED: i32 = 130;
/// This machine is not ready for it: no engine, no stack.
pub const NOT_READY: i32 = 3;
/// 128 + SIGTERM.
pub const TERMINATED: i32 = 143;
/// 128 + SIGPIPE: what `cargo xtask test | head -1` would get from any other program.
pub const OUTPUT_CLOSED: i32 = 141;

/// What a panic gives in any program of Rust's.
pub const PANIC: i32 = 101;

/// The exit code of what was run for the user, who has seen all that there is to say.
#[derive(Debug)]
pub struct Exit(pub i32);

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it ended with exit code {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// The words for a signal that ended a run; none where nobody is there to read them.
pub fn stopped_by(code: i32) -> Option<&'static str> {
    match code {
        INTERRUPTED => Some("stopped by Ctrl-C"),
        TERMINATED => Some("stopped by a signal to terminate"),
        _ => None,
    }
}

/// The exit code for an error: that of the first cause that knows one, else 1.
pub fn code(error: &anyhow::Error) -> i32 {
    error.chain().find_map(of_cause).unwrap_or(1)
}

/// Whether there is nothing to go on with: no engine, no stack.
pub fn is_lost(error: &anyhow::Error) -> bool {
    let no_engine = |error: &Error| {
        let Error::Engine(error) = error else { return false };
        matches!(
            error,
            EngineError::NothingFound { .. } | EngineError::DoesNotAnswer { .. } | EngineError::Gone { .. }
        )
    };
    error.chain().any(|cause| cause.is::<NotReady>() || cause.downcast_ref().is_some_and(no_engine))
}

fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<i32> {
    let of_host = || {
        let code = [
            (cause.is::<Usage>(), 2),
            (cause.is::<NotReady>(), NOT_READY),
            (cause.is::<Interrupted>(), INTERRUPTED),
        ];
        code.into_iter().find_map(|(is, code)| is.then_some(code))
    };
    let passed_on = cause.downcast_ref::<Exit>().map(|exit| exit.0);
    passed_on.or_else(|| cause.downcast_ref::<Error>().map(Error::exit_code)).or_else(of_host)
}
