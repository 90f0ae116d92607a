//! What the exit code says: 0 passed; 1 the tests or a step failed; 2 wrong input; 3 the engine or
//! the machine is not ready; 130 and 143 stopped by a signal; 141 nobody reads the output any more.

use xtask_engine::Error;

/// Ctrl-C, as shells count signals: 128 + SIGINT.
pub const INTERRUPTED: i32 = 130;
/// 128 + SIGTERM.
pub const TERMINATED: i32 = 143;
/// 128 + SIGPIPE: what `cargo xtask test | head -1` would get from any other program.
pub const OUTPUT_CLOSED: i32 = 141;

/// The exit code for an error: that of the first cause that knows one, else 1.
pub fn code(error: &anyhow::Error) -> i32 {
    error.chain().find_map(|cause| cause.downcast_ref::<Error>()).map_or(1, Error::exit_code)
}
