//! The front door: a session takes pipelines and makes them so, on one engine, telling events.

mod end;
mod export;
mod failure;
mod hand_over;
mod head_start;
mod host;
mod images;
mod lasting;
mod ours;
mod own;
mod planned;
mod platform;
mod run_test;
mod secret;
mod service_image;
mod services;
mod solve;
mod stack_state;
mod test;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bollard_buildkit_proto::pb;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use service_image::ServiceImages;

pub use host::{ca_bundle, state_dir};
pub use images::StandIns;
pub use ours::{Ours, Whose};
pub use planned::PlannedContainer;
pub use stack_state::{PartState, StackPart};
pub use test::TestReport;

use crate::Error;
use crate::buildkit::{CacheRecord, Control, Exporter, Prune, SolveError};
use crate::docker::{Endpoint, Engine, EngineError, Environment, Found, discover};
use crate::event::{Event, Events};
use crate::lease;
use crate::llb::{ResolvedImage, Target};
use crate::pipeline::{Container, Directory, Image};
use crate::service::{Identity, Stack};
pub use crate::service::{Lasting, Prefix, Published, Router, Settled, StackLock};

/// See [`Options::again`].
#[derive(Clone)]
pub struct Again(pub Arc<AgainCommand>);

type AgainCommand = dyn Fn(&str, &[String]) -> Option<String> + Send + Sync;

impl std::fmt::Debug for Again {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Again")
    }
}

/// How a session works.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The engine, as `--engine` takes it; none: found as Docker's client finds it.
    pub engine: Option<String>,
    /// The platform of images and steps (`linux/arm64`); none: the engine's own.
    pub platform: Option<String>,
    /// Every step runs again.
    pub no_cache: bool,
    /// Test steps run again.
    pub rerun: bool,
    /// How long the session's work may take in all, from its opening.
    pub timeout: Option<Duration>,
    /// When stand-ins take the place of images.
    pub stand_ins: StandIns,
    /// Where results and complete logs are kept, one folder a pipeline.
    pub record: PathBuf,
    /// Where test results are copied, too, one folder a pipeline.
    pub export: Option<PathBuf>,
    /// The task, as it is typed; a label of all that runs for it.
    pub task: String,
    /// How long a service may take to be ready, and a job ten times as long; none: a minute.
    pub ready_timeout: Option<Duration>,
    /// A command that calls [`crate::watchdog::run`], as a program and its arguments: it cleans up
    /// when this process is killed. None: only the next session does.
    pub watchdog: Option<Vec<OsString>>,
    /// An image with `sh`, `base64`, `timeout` and busybox's `nc`, to look at services from where
    /// their addresses cannot be reached from here.
    pub prober: Option<Image>,
    /// The command that runs some tests of a pipeline again, given its name and the arguments for the
    /// test command; as a person types it.
    pub again: Option<Again>,
    /// What runs that were killed left in the engine stays there; else opening a session removes it.
    pub only_look: bool,
}

/// A session with an engine.
pub struct Session {
    engine: Engine,
    control: Control,
    events: Events,
    options: Options,
    cancel: CancellationToken,
    began: SystemTime,
    deadline: Option<Instant>,
    host: String,
    ca: Option<PathBuf>,
    proxy: Option<pb::ProxyEnv>,
    /// None: the worker's own, which it puts in itself.
    platform: Option<pb::Platform>,
    /// Secrets that were read.
    secrets: Mutex<solve::SecretValues>,
    /// Images that services run.
    service_images: Mutex<ServiceImages>,
    /// Names of those of them that are new.
    new_images: Mutex<BTreeSet<String>>,
    /// What runs.
    stack: Stack,
    /// Images that were resolved, by name; held while one is, so that it happens once.
    images: Mutex<BTreeMap<String, Arc<Mutex<Option<ResolvedImage>>>>>,
}

impl Session {
    /// Finds the engine and connects to it and its BuildKit. `cancel` ends all that runs.
    ///
    /// # Errors
    /// No engine, an unfit one, a `--platform` that is none.
    pub async fn open(options: Options, events: Events, cancel: CancellationToken) -> Result<Self, Error> {
        let stop = cancel.clone();
        tokio::select! {
            opened = Self::open_now(options, events, cancel) => opened,
            () = stop.cancelled() => Err(Error::Canceled),
        }
    }

    async fn open_now(options: Options, events: Events, cancel: CancellationToken) -> Result<Self, Error> {
        let began = SystemTime::now();
        let deadline = options.timeout.map(|limit| Instant::now() + limit);
        let Found { endpoint, by } = discover(options.engine.as_deref(), &Environment::of_process())?;
        events.detail(format!("engine {endpoint}, found by {by}"));
        let named = options.platform.as_deref().map(platform::parse).transpose()?;
        let (engine, control) = connect(endpoint, named.is_none()).await?;
        if let Some(named) = &named {
            platform::check(named, &engine, &control).await?;
        }
        let (host, state) = (host::id(), host::state_dir());
        let swept = match options.only_look {
            true => 0,
            false => lease::sweep_left(state.as_deref(), &engine, &host).await?,
        };
        if swept > 0 {
            events
                .notice(format!("removed {swept} containers, networks and volumes of runs that were killed"));
        }
        let identity = Identity {
            session: Uuid::new_v4().simple().to_string(),
            host: host.clone(),
            task: options.task.clone(),
        };
        let stack = Stack::new(&engine, &events, identity, options.watchdog.clone(), state);
        Ok(Self {
            control,
            proxy: host::proxies(&events),
            host,
            stack,
            service_images: Mutex::default(),
            new_images: Mutex::default(),
            ca: host::ca_bundle_told(&events),
            secrets: Mutex::default(),
            images: Mutex::default(),
            engine,
            events,
            options,
            cancel,
            began,
            deadline,
            platform: named,
        })
    }

    /// The session's id, which all that it makes in the engine bears as a label.
    pub fn id(&self) -> &str {
        &self.stack.identity.session
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where the session's events go.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Runs a pipeline up to and with `container`; its result stays in the engine's cache.
    ///
    /// # Errors
    /// See [`Error`]; a failed step's last lines are in it.
    pub async fn run(&self, name: &str, container: &Container) -> Result<(), Error> {
        check(&container.error)?;
        self.pipeline(name, async |told| {
            self.solve(name, Target::Fs(&container.fs), Exporter::None, None, false, told).await.map(drop)
        })
        .await
    }

    /// Brings the contents of `directory` out into `dest` on the host; what is there already
    /// stays, unless a file of the same name comes.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn export(&self, name: &str, directory: &Directory, dest: &Path) -> Result<(), Error> {
        check(&directory.error)?;
        self.pipeline(name, async |told| {
            let target = Target::Directory(&directory.source, &directory.path);
            self.solve(name, target, Exporter::Tar, Some(dest), false, told).await?;
            self.events.emit(Event::Exported { pipeline: name.into(), path: dest.display().to_string() });
            Ok(())
        })
        .await
    }

    /// Makes an image of `container`'s file system in the engine, named `tag`.
    ///
    /// # Returns
    /// The image's id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn export_image(&self, name: &str, container: &Container, tag: &str) -> Result<String, Error> {
        check(&container.error)?;
        self.pipeline(name, async |told| {
            let exporter = Exporter::Image(tag.to_owned());
            let solved = self.solve(name, Target::Fs(&container.fs), exporter, None, false, told).await?;
            Ok(solved.exporter_response.get("containerimage.digest").cloned().unwrap_or_default())
        })
        .await
    }

    /// What BuildKit's cache holds.
    ///
    /// # Errors
    /// If the engine is gone.
    pub async fn cache_usage(&self) -> Result<Vec<CacheRecord>, Error> {
        self.control.disk_usage().await.map_err(|status| self.control_error("list the cache", &status))
    }

    /// Takes out of BuildKit's cache what `prune` says, and tells what it was.
    ///
    /// # Errors
    /// If the engine is gone.
    pub async fn cache_prune(&self, prune: &Prune) -> Result<Vec<CacheRecord>, Error> {
        self.control.prune(prune).await.map_err(|status| self.control_error("prune the cache", &status))
    }

    /// Tells the beginning and the end of a pipeline around `work`.
    async fn pipeline<T>(
        &self,
        name: &str,
        work: impl AsyncFnOnce(&mut solve::Told) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        self.events.emit(Event::PipelineStarted { pipeline: name.into() });
        let mut told = solve::Told::default();
        let result = work(&mut told).await;
        if result.is_err()
            && let Some(failed) = told.failed.take()
        {
            self.events.emit(failed);
        }
        self.events.emit(Event::PipelineFinished {
            pipeline: name.into(),
            passed: result.is_ok(),
            seconds: started.elapsed().as_secs_f64(),
            cached: told.counts.cached,
            ran: told.counts.ran,
            error: result.as_ref().err().map(ToString::to_string),
        });
        result
    }

    fn control_error(&self, action: &str, status: &tonic::Status) -> Error {
        let endpoint = self.engine.endpoint().to_string();
        match SolveError::from(status.clone()) {
            SolveError::Lost { reason } => Error::Engine(EngineError::Gone { endpoint, reason }),
            other => {
                let action = format!("cannot {action}");
                let said = other.to_string();
                let known = self.machine_error(&action, &said);
                known.unwrap_or_else(|| Error::Machine(format!("{action}: {said}")))
            }
        }
    }
}

/// An engine and the BuildKit inside. A greeting is enough where nobody asks for a platform.
async fn connect(endpoint: Endpoint, greet: bool) -> Result<(Engine, Control), Error> {
    if greet && let Some(engine) = Engine::greet(&endpoint).await {
        let control = connect_control(&engine).await?;
        return Ok((engine, control));
    }
    let engine = Engine::connect(endpoint).await?;
    let control = connect_control(&engine).await?;
    Ok((engine, control))
}

async fn connect_control(engine: &Engine) -> Result<Control, Error> {
    let stream = engine.upgrade("/grpc", &[]).await?;
    Control::connect(stream).await.map_err(|error| {
        let endpoint = engine.endpoint().to_string();
        Error::Engine(EngineError::DoesNotAnswer { endpoint, reason: error.to_string() })
    })
}

fn check(error: &Option<crate::pipeline::PipelineError>) -> Result<(), Error> {
    error.clone().map_or(Ok(()), |error| Err(error.into()))
}
