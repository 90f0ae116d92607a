//! The frame around a task: who listens, signals, the record, the last words.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use xtask_engine::event::{Event, Events, SCHEMA};
use xtask_engine::report::Screen;

use crate::cli::{self, Global, Progress};
use crate::cmd::Command;
use crate::context::Context;
use crate::exit::{self, Exit};
use crate::lasting::Watch;
use crate::output::Drain;
use crate::reporters::{self, Listeners};
use crate::rounds::Round;
use crate::runs;
use crate::suspend;

/// After a run that took longer, the sizes of all records are looked at.
const LOOK_AT_SIZES: Duration = Duration::from_secs(1);

/// Runs a task, and again whenever sources change if it follows them; returns the exit code.
pub fn run(global: Global, command: Command) -> i32 {
    let mut watch = command.follows(&global).map(Watch::on); // what changes from now on
    let ends = Arc::new(Ends::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("cannot start")),
    };
    runtime.spawn(signals(ends.clone()));
    let drawn_on = ends.clone();
    suspend::leave_screen_on_panic(move || drawn_on.screen());
    let mut round = Round::default();
    runtime.spawn(suspend::suspensions({
        let drawn_on = ends.clone();
        move || drawn_on.screen()
    }));
    let first = once(global.clone(), command, &ends, watch.is_some().then_some(&round));
    let mut code = first.code;
    if code == 0
        && let Some(watch) = &mut watch
    {
        let tells = !global.quiet && global.progress != Some(Progress::Json);
        let mut passed: Option<PathBuf> = None;
        loop {
            if tells {
                // Behind the result of the round; who reads no more is noticed in the next.
                let _ = writeln!(anstream::stdout(), "watching for changes, until Ctrl-C");
            }
            let Some(changed) = runtime.block_on(ends.unless(watch.changed())) else { break };
            round = round.next(changed);
            // The same command line as before; a round that fails is told, and the next one may not.
            let Some(command) = cli::parse().command else { continue };
            let Ended { code, folder, lost } = once(global.clone(), command, &ends, Some(&round));
            if lost {
                if tells {
                    let _ = writeln!(anstream::stdout(), "watching no longer");
                }
                return code;
            }
            // Of rounds that passed the last record is enough: those of tests are not to go for them.
            if let Some(before) = passed.take() {
                runs::remove(&before);
            }
            passed = folder.filter(|_| code == 0);
        }
        code = ends.stopped.load(Ordering::SeqCst);
    }
    runtime.shutdown_background();
    code
}

/// How a run ended.
struct Ended {
    code: i32,
    /// Its record, if it is among the others.
    folder: Option<PathBuf>,
    /// There is no engine any more, or what it worked on is gone.
    lost: bool,
}

impl Ended {
    fn early(code: i32) -> Self {
        Self { code, folder: None, lost: false }
    }
}

/// How a run may end before it is done.
#[derive(Default)]
struct Ends {
    /// The exit code of who stopped it; 0 while nobody did.
    stopped: Arc<AtomicI32>,
    cancel: CancellationToken,
    /// What is drawn on.
    screen: Mutex<Option<Screen>>,
}

impl Ends {
    /// What a future gives, if the run is not stopped before.
    async fn unless<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            value = future => Some(value),
            () = self.cancel.cancelled() => None,
        }
    }

    fn screen(&self) -> Option<Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn draws_on(&self, screen: Option<Screen>) {
        *self.screen.lock().unwrap_or_else(PoisonError::into_inner) = screen;
    }
}

/// One run, from its first event to its last.
fn once(mut global: Global, command: Command, ends: &Arc<Ends>, round: Option<&Round>) -> Ended {
    let Ends { stopped, cancel, .. } = &**ends;
    if command.passes_through() {
        // What is read is its output and nothing else.
        (global.quiet, global.verbose, global.progress) = (true, false, Some(Progress::Plain));
    }
    colors(global.color);
    let record = match runs::folder(global.record.as_deref()) {
        Ok(record) => record,
        Err(error) => return Ended::early(fail(&error)),
    };
    let own_folder = global.record.is_none().then(|| record.clone());
    let listeners = match reporters::all(&global, &record, stopped, cancel, round) {
        Ok(listeners) => listeners,
        Err(error) => {
            own_folder.iter().for_each(|folder| runs::forget(folder));
            return Ended::early(fail(&error));
        }
    };
    let Listeners { reporters, drain, screen, notice, seen, lost, spans } = listeners;
    let quiet = global.quiet;
    let events = Events::new(reporters);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ended::early(fail(&anyhow::Error::new(error).context("cannot start"))),
    };
    ends.draws_on(screen);
    let result = runtime.block_on(async {
        let task = command.name();
        events.emit(started(&task, &record));
        notice.into_iter().for_each(|notice| events.notice(notice));
        let round = round.cloned().unwrap_or_default();
        let context = Context::new(global, events.clone(), cancel.clone(), record, task, round);
        let result = command.run(&context).await;
        context.close(result).await
    });
    // Whatever still reads files does not hold up the end.
    runtime.shutdown_background();
    let is_lost = result.as_ref().err().is_some_and(exit::is_lost);
    let mut code = finish(&events, drain, result, stopped.load(Ordering::SeqCst));
    ends.draws_on(None);
    for error in lost.try_iter() {
        let lost = fail(&error);
        code = if code == 0 { lost } else { code };
    }
    let ran = seen.any();
    if let Some(folder) = &own_folder {
        tidy(folder, ran, events.elapsed());
    }
    if let Some(text) = spans.filter(|_| ran).and_then(|spans| spans.send()).filter(|_| !quiet) {
        let _ = writeln!(anstream::stderr(), "notice: {text}");
    }
    Ended { code, folder: own_folder, lost: is_lost }
}

/// The first event of this process's run.
fn started(task: &str, record: &Path) -> Event {
    let line: Vec<_> = std::env::args_os().skip(1).collect();
    Event::RunStarted {
        schema: SCHEMA,
        run: record.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        task: task.to_owned(),
        command: line.join(" ".as_ref()).to_string_lossy().into_owned(),
        unix: runs::now(),
        record: record.display().to_string(),
    }
}

/// After a run whose record is in `folder`, among the others: it goes if no pipeline ran, and old ones
/// go if they are too large.
fn tidy(folder: &Path, ran: bool, took: Duration) {
    if !ran {
        return runs::forget(folder);
    }
    runs::prune_old();
    // What took no time made next to nothing.
    if took > LOOK_AT_SIZES {
        runs::prune_to(&runs::all(), runs::KEPT_BYTES, folder);
    }
}

fn finish(events: &Events, drain: Drain, result: anyhow::Result<()>, stopped: i32) -> i32 {
    let code = match &result {
        _ if stopped != 0 => stopped,
        Ok(()) => 0,
        Err(error) => exit::code(error),
    };
    let text = match result {
        Err(error) if error.is::<Exit>() => None,
        _ if stopped != 0 => exit::stopped_by(stopped).map(str::to_owned),
        Err(error) => Some(events.redacted(format!("{error:#}"))),
        Ok(()) => None,
    };
    events.emit(Event::RunFinished {
        exit_code: code,
        seconds: events.elapsed().as_secs_f64(),
        error: text.clone(),
    });
    events.close();
    let was_read = drain.finish();
    if let Some(text) = text {
        say(&text);
    }
    if was_read || stopped != 0 { code } else { exit::OUTPUT_CLOSED }
}

/// The one sentence of a failure, to standard error.
fn say(text: &str) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{style}error:{style:#} {text}");
}

fn fail(error: &anyhow::Error) -> i32 {
    say(&format!("{error:#}"));
    exit::code(error)
}

/// The first signal ends what runs and lets it clean up, the second ends at once.
async fn signals(ends: Arc<Ends>) {
    loop {
        let code = signal().await;
        if ends.stopped.swap(code, Ordering::SeqCst) != 0 {
            ends.screen().iter().for_each(Screen::leave);
            say(
                "stopped at once; what this run started in the engine is removed by the process that watches over it",
            );
            std::process::exit(code);
        }
        ends.cancel.cancel();
    }
}

#[cfg(unix)]
async fn signal() -> i32 {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut hang_up)) =
        (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => exit::INTERRUPTED,
        _ = terminate.recv() => exit::TERMINATED,
        _ = hang_up.recv() => exit::TERMINATED,
    }
}

#[cfg(not(unix))]
async fn signal() -> i32 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => exit::INTERRUPTED,
        Err(_) => std::future::pending().await,
    }
}

/// The choice of the command line; `auto` also looks at NO_COLOR, CLICOLOR_FORCE and the terminal.
fn colors(choice: clap::ColorChoice) {
    match choice {
        clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
        clap::ColorChoice::Always => anstream::ColorChoice::Always,
        clap::ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}
