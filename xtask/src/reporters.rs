//! Who tells a run on standard output.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use tokio_util::sync::CancellationToken;
use xtask_engine::event::Reporter;
use xtask_engine::report::{Json, Plain, Verbosity};

use crate::cli::{Global, Progress};
use crate::exit;
use crate::output::Output;

/// The reporter that the command line asks for, else the one that fits where the output goes. When
/// nobody reads it any more, `stopped` gets the exit code for that and the run is cancelled.
pub fn of_output(
    output: Output,
    global: &Global,
    stopped: &Arc<AtomicI32>,
    cancel: &CancellationToken,
) -> Box<dyn Reporter> {
    let (stopped, cancel) = (stopped.clone(), cancel.clone());
    let on_closed = move || {
        let _ = stopped.compare_exchange(0, exit::OUTPUT_CLOSED, Ordering::SeqCst, Ordering::SeqCst);
        cancel.cancel();
    };
    match global.progress.unwrap_or(Progress::Plain) {
        Progress::Plain => Box::new(Plain::new(output, verbosity(global), on_closed)),
        Progress::Json => Box::new(Json::new(output, verbosity(global), on_closed)),
    }
}

fn verbosity(global: &Global) -> Verbosity {
    match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    }
}
