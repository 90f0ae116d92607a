//! Who tells a run on standard output.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use tokio_util::sync::CancellationToken;
use xtask_engine::event::Reporter;
use xtask_engine::report::{Look, Plain, Screen, Tty, Verbosity};

use crate::cli::{Global, Progress};
use crate::exit;
use crate::output::{self, Drain};

/// Who tells a run, and what belongs to that.
pub struct OfOutput {
    /// The reporter.
    pub reporter: Box<dyn Reporter>,
    /// For waiting until all that it told is written.
    pub drain: Drain,
    /// The screen, if it draws on one.
    pub screen: Option<Screen>,
    /// Why it is not the one that was asked for.
    pub notice: Option<String>,
}

/// The reporter that the command line asks for, else the one that fits where the output goes. When
/// nobody reads it any more, `stopped` gets the exit code for that and the run is cancelled.
/// `history` is the folder of the records of earlier runs.
pub fn of_output(
    global: &Global,
    history: PathBuf,
    stopped: &Arc<AtomicI32>,
    cancel: &CancellationToken,
) -> OfOutput {
    let is_terminal = io::stdout().is_terminal();
    let (mut progress, mut notice) = (global.progress.unwrap_or_else(|| fitting(is_terminal)), None);
    if progress == Progress::Tty && !is_terminal {
        progress = Progress::Plain;
        notice = Some("standard output is no terminal: --progress plain is used".into());
    }
    let (stopped, stopping) = (stopped.clone(), cancel.clone());
    let on_closed = move || {
        let _ = stopped.compare_exchange(0, exit::OUTPUT_CLOSED, Ordering::SeqCst, Ordering::SeqCst);
        stopping.cancel();
    };
    match progress {
        // Where only failures are told there is nothing to watch.
        Progress::Tty if !global.quiet => {
            let (output, drain) = output::direct(cancel);
            let colors = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
            let look = Look { verbosity: verbosity(global), colors, history, stopping: cancel.clone() };
            let tty = Tty::new(output, look, on_closed);
            let screen = Some(tty.screen());
            OfOutput { reporter: Box::new(tty), drain, screen, notice }
        }
        Progress::Plain | Progress::Tty => {
            let (output, drain) = output::queued(cancel);
            let reporter = Box::new(Plain::new(output, verbosity(global), on_closed));
            OfOutput { reporter, drain, screen: None, notice }
        }
    }
}

/// What fits where the output goes.
fn fitting(is_terminal: bool) -> Progress {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // Some CI systems have a terminal that nobody watches.
    let is_watched = !is_set("CI") && !is_set("GITHUB_ACTIONS");
    let is_able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    if is_terminal && is_watched && is_able { Progress::Tty } else { Progress::Plain }
}

fn verbosity(global: &Global) -> Verbosity {
    match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    }
}
