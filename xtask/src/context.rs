//! What every task gets: the options, the events, the project, a session; and the frame around a
//! task: signals, the record, the last words.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use xtask_engine::event::{Event, Events, Reporter};
use xtask_engine::report::{Plain, Record, Verbosity};
use xtask_engine::session::{Options, StandIns};
use xtask_engine::{Error, Session};

use crate::cli::Global;
use crate::cmd::Command;
use crate::exit;
use crate::output::{self, Drain, Output};
use crate::project::Project;

/// Records of runs that are kept.
const KEPT_RUNS: usize = 30;

/// What a task has to work with.
pub struct Context {
    /// The options of every task.
    pub global: Global,
    /// Where everything is told.
    pub events: Events,
    /// Ends all that runs.
    pub cancel: CancellationToken,
    /// The folder of this run's record.
    pub record: PathBuf,
}

impl Context {
    /// The application's repository.
    pub fn project(&self) -> anyhow::Result<Project> {
        let project = Project::find(self.global.repo.as_deref())?;
        self.events.detail(format!("the application is in {}", project.root().display()));
        Ok(project)
    }

    /// When stand-ins are used.
    pub fn stand_ins(&self) -> StandIns {
        let default =
            if std::env::var_os("GITHUB_ACTIONS").is_some() { StandIns::Never } else { StandIns::Auto };
        self.global.stand_ins.map_or(default, StandIns::from)
    }

    /// A session on the engine, with the options of the command line.
    pub async fn session(&self) -> anyhow::Result<Session> {
        let options = Options {
            engine: self.global.engine.clone(),
            platform: self.global.platform.clone(),
            no_cache: self.global.no_cache,
            rerun: self.global.rerun,
            timeout: self.global.timeout,
            stand_ins: self.stand_ins(),
            record: self.record.clone(),
            export: self.global.export.clone(),
        };
        Ok(Session::open(options, self.events.clone(), self.cancel.clone()).await?)
    }
}

/// Runs a task from its first event to its last; returns the exit code.
pub fn run(global: Global, command: Command) -> i32 {
    colors(global.color);
    let stopped = Arc::new(AtomicI32::new(0));
    let cancel = CancellationToken::new();
    let record = match record_folder(global.record.as_deref()) {
        Ok(record) => record,
        Err(error) => return fail(&error),
    };
    let (output, drain) = output::queued(&cancel);
    let mut reporters: Vec<Box<dyn Reporter>> = vec![Box::new(plain(output, &global, &stopped, &cancel))];
    match Record::create(&record.join("events.jsonl")) {
        Ok(file) => reporters.push(Box::new(file)),
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            return fail(&anyhow::Error::new(Error::Usage(format!(
                "another run writes its record to {}; wait for it, or name another folder with --record",
                record.display()
            ))));
        }
        // Without events the run is as good; whether results can be kept there shows.
        Err(_) => {}
    }
    let events = Events::new(reporters);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error).context("cannot start")),
    };
    let result = runtime.block_on(async {
        tokio::spawn(signals(cancel.clone(), stopped.clone()));
        let line: Vec<String> = std::env::args().skip(1).collect();
        events.emit(Event::RunStarted { command: line.join(" ") });
        command.run(&Context { global, events: events.clone(), cancel, record }).await
    });
    // Whatever still reads files does not hold up the end.
    runtime.shutdown_background();
    finish(&events, drain, result, stopped.load(Ordering::SeqCst))
}

fn finish(events: &Events, drain: Drain, result: anyhow::Result<()>, stopped: i32) -> i32 {
    let code = match &result {
        _ if stopped != 0 => stopped,
        Ok(()) => 0,
        Err(error) => exit::code(error),
    };
    let text = match result {
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

fn plain(
    output: Output,
    global: &Global,
    stopped: &Arc<AtomicI32>,
    cancel: &CancellationToken,
) -> Plain<Output> {
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let (stopped, cancel) = (stopped.clone(), cancel.clone());
    Plain::new(output, verbosity, move || {
        let _ = stopped.compare_exchange(0, exit::OUTPUT_CLOSED, Ordering::SeqCst, Ordering::SeqCst);
        cancel.cancel();
    })
}

/// The first signal ends what runs and lets it clean up, the second ends at once.
async fn signals(cancel: CancellationToken, stopped: Arc<AtomicI32>) {
    loop {
        let code = signal().await;
        if stopped.swap(code, Ordering::SeqCst) != 0 {
            std::process::exit(code);
        }
        cancel.cancel();
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

/// The folder of this run's record; older ones beyond a number go.
fn record_folder(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let folder = match named {
        Some(named) => named.to_path_buf(),
        None => {
            let runs = target_dir().join("xtask/runs");
            prune(&runs);
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            runs.join(format!("{:013}-{}", now.as_millis(), std::process::id()))
        }
    };
    fs::create_dir_all(&folder)
        .map_err(|error| Error::write(&folder, &error))
        .context("cannot keep a record of the run (--record)")?;
    Ok(folder)
}

/// Where cargo builds: beside it our records are found and `cargo clean` takes them.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| crate::project::workspace().join("target"), PathBuf::from)
}

/// Names of runs begin with their time, so the oldest come first.
fn prune(runs: &Path) {
    let Ok(entries) = fs::read_dir(runs) else { return };
    let mut runs: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    runs.sort_unstable();
    let old = runs.len().saturating_sub(KEPT_RUNS - 1);
    for run in &runs[..old] {
        let _ = fs::remove_dir_all(run);
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
