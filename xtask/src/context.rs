//! What every task gets: the options, the events, the project, a session; and the frame around a
//! task: signals, the record, the last words.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_util::sync::CancellationToken;
use xtask_engine::event::{Event, Events, Reporter, SCHEMA};
use xtask_engine::report::Record;
use xtask_engine::session::{Again, Options, StandIns};
use xtask_engine::{Error, Session};

use crate::again;
use crate::cli::{Global, Progress};
use crate::cmd::Command;
use crate::exit::{self, Exit};
use crate::images::{self, Overrides};
use crate::output::{self, Drain};
use crate::project::Project;
use crate::reporters;
use crate::runs::{self, PipelineSeen};

/// The one argument by which this program is the watchdog of a run: not for people.
pub const WATCHDOG: &str = "--watch-over-a-run";

/// After a run that took longer, the sizes of all records are looked at.
const LOOK_AT_SIZES: Duration = Duration::from_secs(1);

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
    /// The task, as it is typed.
    pub task: String,
    /// Sessions to be closed at the end.
    sessions: Mutex<Vec<Arc<Session>>>,
    /// Images in place of others, by the name of the part.
    pub images: Overrides,
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

    /// A session on the engine, with the options of the command line. What it has running is removed
    /// when the task ends, however it ends.
    pub async fn session(&self) -> anyhow::Result<Arc<Session>> {
        self.open(self.options()).await
    }

    /// A session that leaves alone what runs that were killed left in the engine.
    pub async fn session_that_only_looks(&self) -> anyhow::Result<Arc<Session>> {
        self.open(Options { only_look: true, ..self.options() }).await
    }

    fn options(&self) -> Options {
        Options {
            engine: self.global.engine.clone(),
            platform: self.global.platform.clone(),
            no_cache: self.global.no_cache,
            rerun: self.global.rerun,
            timeout: self.global.timeout,
            stand_ins: self.stand_ins(),
            record: self.record.clone(),
            export: self.global.export.clone(),
            task: self.task.clone(),
            ready_timeout: self.global.ready_timeout,
            watchdog: Some(watchdog()),
            prober: Some(images::prober()),
            again: Some(self.again()),
            only_look: false,
        }
    }

    /// How one test is run again.
    fn again(&self) -> Again {
        let line: Vec<String> =
            std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
        let task = self.task.clone();
        Again(Arc::new(move |pipeline, rerun| again::command(&line, &task, pipeline, rerun)))
    }

    async fn open(&self, options: Options) -> anyhow::Result<Arc<Session>> {
        let session = Arc::new(Session::open(options, self.events.clone(), self.cancel.clone()).await?);
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).push(session.clone());
        Ok(session)
    }

    /// Closes all sessions, so that nothing stays behind; `result` unless that fails, too.
    async fn close(&self, result: anyhow::Result<()>) -> anyhow::Result<()> {
        let sessions = std::mem::take(&mut *self.sessions.lock().unwrap_or_else(PoisonError::into_inner));
        let mut closed = Ok(());
        for session in sessions {
            closed = closed.and(session.close().await);
        }
        result.and(closed.map_err(anyhow::Error::from))
    }
}

/// How this very program, whatever became of its file meanwhile, is run as the watchdog.
fn watchdog() -> Vec<OsString> {
    let program = if cfg!(target_os = "linux") {
        "/proc/self/exe".into()
    } else {
        std::env::current_exe().map(PathBuf::into_os_string).unwrap_or_default()
    };
    vec![program, WATCHDOG.into()]
}

/// Runs a task from its first event to its last; returns the exit code.
pub fn run(mut global: Global, command: Command) -> i32 {
    if command.passes_through() {
        (global.quiet, global.verbose, global.progress) = (true, false, Some(Progress::Plain));
    }
    colors(global.color);
    let stopped = Arc::new(AtomicI32::new(0));
    let cancel = CancellationToken::new();
    let record = match runs::folder(global.record.as_deref()) {
        Ok(record) => record,
        Err(error) => return fail(&error),
    };
    let (output, drain) = output::queued(&cancel);
    let seen = PipelineSeen::default();
    let mut reporters: Vec<Box<dyn Reporter>> =
        vec![reporters::of_output(output, &global, &stopped, &cancel), Box::new(seen.clone())];
    match Record::create(&record, runs::kept_logs()) {
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
    let own_folder = global.record.is_none().then(|| record.clone());
    let result = runtime.block_on(async {
        tokio::spawn(signals(cancel.clone(), stopped.clone()));
        let line: Vec<_> = std::env::args_os().skip(1).collect();
        let command_line = line.join(" ".as_ref()).to_string_lossy().into_owned();
        let (task, sessions) = (command.name(), Mutex::default());
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let run = record.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let started =
            Event::RunStarted { schema: SCHEMA, run, task: task.clone(), command: command_line, unix };
        events.emit(started);
        let images = global.image.iter().cloned().collect();
        let context = Context { global, events: events.clone(), cancel, record, task, sessions, images };
        let result = command.run(&context).await;
        context.close(result).await
    });
    // Whatever still reads files does not hold up the end.
    runtime.shutdown_background();
    let code = finish(&events, drain, result, stopped.load(Ordering::SeqCst));
    match own_folder {
        Some(folder) if !seen.any() => runs::forget(&folder),
        // What took no time made next to nothing.
        Some(folder) if events.elapsed() > LOOK_AT_SIZES => {
            runs::prune_to(&runs::all(), runs::KEPT_BYTES, &folder);
        }
        _ => {}
    }
    code
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

/// Where cargo builds: beside it our records are found and `cargo clean` takes them.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| crate::project::workspace().join("target"), PathBuf::from)
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
