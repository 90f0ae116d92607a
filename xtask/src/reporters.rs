//! Who tells a run: on standard output, and in files that the command line names.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, mpsc};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use xtask_engine::Error;
use xtask_engine::event::Reporter;
use xtask_engine::report::{
    Github, GithubOptions, Html, Json, Junit, Look, Plain, Record, Screen, Trace, Tty, Verbosity,
};
use xtask_engine::source::reason;

use crate::cli::{Global, Progress};
use crate::exit;
use crate::output::{self, Drain};
use crate::project::Project;
use crate::rounds::Round;
use crate::runs::{self, PipelineSeen};
use crate::spans::Spans;

/// All who listen to a run, and what belongs to them.
pub struct Listeners {
    /// In the order in which they are told.
    pub reporters: Vec<Box<dyn Reporter>>,
    /// For waiting until all is written that was told on standard output.
    pub drain: Drain,
    /// The screen, if one is drawn on.
    pub screen: Option<Screen>,
    /// Why the run is not told as it was asked for.
    pub notice: Option<String>,
    /// Notices whether anything ran.
    pub seen: PipelineSeen,
    /// Files that could no longer be written at the end.
    pub lost: mpsc::Receiver<anyhow::Error>,
    /// Spans to be sent at the end.
    pub spans: Option<Spans>,
}

/// All who listen to a run whose record is in `record`; see [`of_output`] for `stopped`. One of several
/// rounds is told briefly.
///
/// # Errors
/// [`Error::Usage`] if a file that the command line names cannot be written, or another run writes the
/// record.
pub fn all(
    global: &Global,
    record: &Path,
    stopped: &Arc<AtomicI32>,
    cancel: &CancellationToken,
    round: Option<&Round>,
) -> anyhow::Result<Listeners> {
    if let (Some(junit), Some(trace)) = (&global.junit, &global.trace)
        && junit == trace
    {
        let text =
            format!("--junit and --trace both name {}: give one of them another file", junit.display());
        return Err(Error::Usage(text).into());
    }
    let (tell_lost, lost) = mpsc::channel();
    // What cannot be is told before the screen is drawn on.
    let files = of_files(global, tell_lost)?;
    let recorders = of_record(record)?;
    let OfOutput { reporter, drain, screen, notice } = of_output(global, record, stopped, cancel);
    let reporter = match round {
        Some(round) if !is_for_programs(global) => round.briefly(reporter, screen.is_some()),
        _ => reporter,
    };
    let (seen, spans) = (PipelineSeen::default(), Spans::from_environment());
    let first: [Box<dyn Reporter>; 2] = [reporter, Box::new(seen.clone())];
    let spans_of_run = spans.as_ref().and_then(Spans::reporter);
    let reporters = first.into_iter().chain(files).chain(recorders).chain(spans_of_run).collect();
    Ok(Listeners { reporters, drain, screen, notice, seen, lost, spans })
}

/// Whether a program reads what is told, which wants all of it.
fn is_for_programs(global: &Global) -> bool {
    global.progress == Some(Progress::Json)
}

/// Those that keep the record.
fn of_record(folder: &Path) -> anyhow::Result<Vec<Box<dyn Reporter>>> {
    match Record::create(folder, runs::kept_logs()) {
        // The page shows the logs that the record has written by then.
        Ok(record) => Ok(vec![Box::new(record), Box::new(Html::new(folder, runs::kept_logs()))]),
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Err(Error::Usage(format!(
            "another run writes its record to {}; wait for it, or name another folder with --record",
            folder.display()
        ))
        .into()),
        // Without events the run is as good; whether results can be kept there shows.
        Err(_) => Ok(Vec::new()),
    }
}

/// Who tells a run, and what belongs to that.
struct OfOutput {
    reporter: Box<dyn Reporter>,
    drain: Drain,
    screen: Option<Screen>,
    notice: Option<String>,
}

/// The reporter that the command line asks for, else the one that fits where the output goes. When
/// nobody reads it any more, `stopped` gets the exit code for that and the run is cancelled. The run's
/// record is in `record`.
fn of_output(
    global: &Global,
    record: &Path,
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
    // Where only failures are told there is nothing to watch.
    if progress == Progress::Tty && !global.quiet {
        let (output, drain) = output::direct(cancel);
        let colors = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        let (verbosity, history) = (verbosity(global), runs::dir());
        let look = Look { verbosity, colors, history, stopping: cancel.clone() };
        let tty = Tty::new(output, look, on_closed);
        let screen = Some(tty.screen());
        return OfOutput { reporter: Box::new(tty), drain, screen, notice };
    }
    let (output, drain) = output::queued(cancel);
    let reporter: Box<dyn Reporter> = match progress {
        Progress::Plain | Progress::Tty => Box::new(Plain::new(output, verbosity(global), on_closed)),
        Progress::Github => {
            Box::new(Github::new(output, verbosity(global), github(global, record), on_closed))
        }
        Progress::Json => Box::new(Json::new(output, verbosity(global), on_closed)),
    };
    OfOutput { reporter, drain, screen: None, notice }
}

/// What fits where the output goes.
fn fitting(is_terminal: bool) -> Progress {
    if std::env::var("GITHUB_ACTIONS").as_deref() == Ok("true") {
        return Progress::Github;
    }
    // Some CI systems have a terminal that nobody watches.
    let is_watched = std::env::var_os("CI").is_none_or(|value| value.is_empty());
    let is_able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    if is_terminal && is_watched && is_able { Progress::Tty } else { Progress::Plain }
}

/// What GitHub's runner says of itself, by its variables.
fn github(global: &Global, record: &Path) -> GithubOptions {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let project = Project::find(global.repo.as_deref()).ok();
    let files = project.and_then(|project| files_in(set("GITHUB_WORKSPACE"), project.root()));
    let token = Uuid::new_v4().simple().to_string();
    GithubOptions { record: record.to_owned(), token, files, summary: set("GITHUB_STEP_SUMMARY") }
}

/// What leads from a checkout to the application in it: empty, or `tests/sample/`. Without a runner
/// that says where the checkout is, it is where the application's folder or one above it is git's.
fn files_in(checkout: Option<PathBuf>, application: &Path) -> Option<String> {
    let application = application.canonicalize().ok()?;
    let checkout = match checkout {
        Some(checkout) => checkout.canonicalize().ok()?,
        None => application.ancestors().find(|folder| folder.join(".git").exists())?.to_owned(),
    };
    let folders = application.strip_prefix(checkout).ok()?.iter();
    Some(folders.map(|folder| format!("{}/", folder.to_string_lossy())).collect())
}

/// Those that write a file which the command line names. One that can no longer be written at the
/// end of the run is told to `lost`.
///
/// # Errors
/// [`Error::Usage`] for one that cannot be written.
fn of_files(global: &Global, lost: mpsc::Sender<anyhow::Error>) -> anyhow::Result<Vec<Box<dyn Reporter>>> {
    let on_lost = |path: &Path| {
        let (name, lost) = (path.to_owned(), lost.clone());
        move |error: io::Error| {
            let _ = lost.send(Error::write(name, &error).into());
        }
    };
    let refused = |path: &Path, option: &str, error: &io::Error| {
        let why = reason(error);
        Error::Usage(format!("cannot write {} ({option}): {why}; name another file", path.display()))
    };
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    if let Some(path) = &global.junit {
        let junit = Junit::create(path, on_lost(path));
        reporters.push(Box::new(junit.map_err(|error| refused(path, "--junit", &error))?));
    }
    if let Some(path) = &global.trace {
        let trace = Trace::create(path, on_lost(path));
        reporters.push(Box::new(trace.map_err(|error| refused(path, "--trace", &error))?));
    }
    Ok(reporters)
}

fn verbosity(global: &Global) -> Verbosity {
    match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_named_from_the_root_of_the_checkout() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path();
        let application = root.join("tests/sample");
        fs::create_dir_all(&application).expect("folders");
        let inside = |checkout: Option<&Path>| files_in(checkout.map(Path::to_owned), &application);
        assert_eq!(inside(Some(root)).as_deref(), Some("tests/sample/"));
        assert_eq!(inside(Some(&application)).as_deref(), Some(""));
        assert_eq!(inside(Some(&root.join("elsewhere"))), None);
        assert_eq!(files_in(Some(application.clone()), root), None, "above the checkout");
        fs::create_dir(root.join("tests/.git")).expect("a folder");
        assert_eq!(inside(None).as_deref(), Some("sample/"));
    }
}
