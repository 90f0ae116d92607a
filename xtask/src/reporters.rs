//! Who tells a run: on standard output, and in files that the command line names.

use std::io;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, mpsc};

use tokio_util::sync::CancellationToken;
use xtask_engine::Error;
use xtask_engine::event::Reporter;
use xtask_engine::report::{Json, Junit, Plain, Verbosity};
use xtask_engine::source::reason;

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

/// Those that write a file which the command line names. One that can no longer be written at the
/// end of the run is told to `lost`.
///
/// # Errors
/// [`Error::Usage`] for one that cannot be written.
pub fn of_files(
    global: &Global,
    lost: mpsc::Sender<anyhow::Error>,
) -> anyhow::Result<Vec<Box<dyn Reporter>>> {
    let Some(path) = &global.junit else { return Ok(Vec::new()) };
    let name = path.clone();
    let on_lost = move |error: io::Error| {
        let _ = lost.send(Error::write(name, &error).into());
    };
    let junit = Junit::create(path, on_lost).map_err(|error| {
        Error::Usage(format!(
            "cannot write {} (--junit): {}; name another file",
            path.display(),
            reason(&error)
        ))
    })?;
    Ok(vec![Box::new(junit)])
}

fn verbosity(global: &Global) -> Verbosity {
    match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    }
}
