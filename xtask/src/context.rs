//! What every task gets: the options, the events, the project, a session.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use clap::CommandFactory;
use tokio_util::sync::CancellationToken;
use xtask_engine::Session;
use xtask_engine::event::Events;
use xtask_engine::session::{Again, Options, StandIns};

use crate::again;
use crate::cli::{Cli, Global};
use crate::images::{self, Overrides};
use crate::project::Project;
use crate::rounds::Round;

/// The one argument by which this program is the watchdog of a run: not for people.
pub const WATCHDOG: &str = "--watch-over-a-run";

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
    /// Which round it is of a task that follows changes.
    pub round: Round,
}

impl Context {
    /// For the task `task`, whose record is in `record`.
    pub fn new(
        global: Global,
        events: Events,
        cancel: CancellationToken,
        record: PathBuf,
        task: String,
        round: Round,
    ) -> Self {
        let images = global.image.iter().cloned().collect();
        Self { global, events, cancel, record, task, sessions: Mutex::default(), images, round }
    }

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

    /// How a session works, by the options of the command line.
    pub fn options(&self) -> Options {
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
        // Most runs have no failure, and some have many.
        let cli = OnceLock::new();
        Again(Arc::new(move |pipeline, rerun| {
            again::command(cli.get_or_init(Cli::command), &line, &task, pipeline, rerun)
        }))
    }

    async fn open(&self, options: Options) -> anyhow::Result<Arc<Session>> {
        let session = Arc::new(Session::open(options, self.events.clone(), self.cancel.clone()).await?);
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).push(session.clone());
        Ok(session)
    }

    /// Closes all sessions, so that nothing stays behind; `result` unless that fails, too.
    pub async fn close(&self, result: anyhow::Result<()>) -> anyhow::Result<()> {
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

/// Where cargo builds: beside it our records are found and `cargo clean` takes them.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| crate::project::workspace().join("target"), PathBuf::from)
}
