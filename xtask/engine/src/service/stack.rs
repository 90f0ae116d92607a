//! All that a session has running: its network, its containers, and who looks after them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bollard::models::ContainerCreateBody;
use futures_util::future::try_join_all;
use tokio::sync::{OnceCell, watch};
use tokio_util::task::TaskTracker;

use super::{Broken, Dialer, Log, Node, Staying, dial};
use crate::Error;
use crate::docker::{
    Engine, EngineError, HOST_LABEL, KIND_LABEL, Labels, OWNER_LABEL, PART_LABEL, SESSION_LABEL, TASK_LABEL,
    of_session,
};
use crate::event::{Event, Events};
use crate::lease::{self, Lease};
use crate::pipeline::{Lifetime, Service, Volume};
use crate::watchdog::Watchdog;

/// How long what was asked of the engine may take when a session ends.
const IN_FLIGHT: Duration = Duration::from_secs(5);
/// How long a service whose data are kept may take to end by itself.
const GRACE: i32 = 10;
/// Characters of a session's id in names.
const SHORT: usize = 8;

/// Whose everything is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) session: String,
    pub(crate) host: String,
    pub(crate) task: String,
}

impl Identity {
    /// The labels of something that dies with the session.
    pub(crate) fn labels(&self, part: &str) -> Labels {
        let mut labels = Labels::from([
            (SESSION_LABEL.to_owned(), self.session.clone()),
            (KIND_LABEL.to_owned(), "session".to_owned()),
            (HOST_LABEL.to_owned(), self.host.clone()),
        ]);
        for (label, value) in [(TASK_LABEL, self.task.as_str()), (PART_LABEL, part)] {
            if !value.is_empty() {
                labels.insert(label.to_owned(), value.to_owned());
            }
        }
        labels
    }

    /// The name of a container or network of this session.
    pub(crate) fn name(&self, part: &str) -> String {
        let short: String = self.session.chars().take(SHORT).collect();
        format!("xtask-{short}{}{part}", if part.is_empty() { "" } else { "-" })
    }
}

/// How far a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not ready yet.
    Coming,
    /// Ready or, as a job, ended well.
    Ready,
    /// It will never be.
    Failed,
}

/// A service of this session.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) service: Service,
    pub(crate) aliases: BTreeSet<String>,
    pub(crate) group: Option<String>,
    pub(crate) state: watch::Sender<State>,
    /// Why it failed, if it did so itself.
    pub(crate) failure: OnceLock<Error>,
    pub(crate) container: OnceLock<String>,
    pub(crate) log: OnceLock<Arc<Log>>,
}

impl Running {
    fn new(node: &Node) -> Arc<Self> {
        Arc::new(Self {
            service: node.service.clone(),
            aliases: node.aliases.clone(),
            group: node.group.clone(),
            state: watch::Sender::new(State::Coming),
            failure: OnceLock::new(),
            container: OnceLock::new(),
            log: OnceLock::new(),
        })
    }

    /// Its last lines.
    pub(crate) fn tail(&self) -> Vec<String> {
        self.log.get().map(|log| log.tail()).unwrap_or_default()
    }

    /// Where its complete log is.
    pub(crate) fn log_path(&self) -> Option<PathBuf> {
        self.log.get().map(|log| log.path().to_path_buf())
    }

    /// Why it never got ready.
    pub(crate) fn why(&self) -> Error {
        let given_up = || {
            let name = self.service.name();
            Error::Machine(format!("{name} was given up before it was ready, for something else failed"))
        };
        self.failure.get().map_or_else(given_up, Error::again)
    }

    fn is_ready(&self) -> bool {
        *self.state.borrow() == State::Ready
    }

    /// Whether it was ready, is no job and has not failed.
    pub(crate) fn runs(&self) -> bool {
        self.is_ready() && !self.service.is_job()
    }

    fn keeps_data(&self) -> bool {
        self.service.0.volumes.iter().any(|(_, volume)| volume.lifetime == Lifetime::Kept)
    }
}

/// Whoever brings a service up holds it: a service that nobody brings up any more has failed, so that
/// nobody waits for it.
pub(crate) struct Coming(pub(crate) Arc<Running>);

impl Drop for Coming {
    fn drop(&mut self) {
        self.0.state.send_if_modified(|state| {
            let is_coming = *state == State::Coming;
            if is_coming {
                *state = State::Failed;
            }
            is_coming
        });
    }
}

/// The session's network.
pub(crate) struct Net {
    pub(crate) name: String,
    /// Whether containers on it can be reached from here.
    pub(crate) is_here: bool,
}

/// What a session has running.
pub(crate) struct Stack {
    pub(super) engine: Engine,
    events: Events,
    pub(crate) identity: Identity,
    pub(super) watchdog: Option<Vec<OsString>>,
    pub(super) state_dir: Option<PathBuf>,
    pub(super) lease: tokio::sync::Mutex<Option<Lease>>,
    net: OnceCell<Net>,
    pub(crate) dialer: OnceCell<Dialer>,
    /// Containers that own a `localhost`, by group.
    pauses: Mutex<BTreeMap<String, Arc<OnceCell<String>>>>,
    /// In the order in which they came.
    running: Mutex<Vec<Arc<Running>>>,
    /// How often a test of a name has run.
    tests: Mutex<BTreeMap<String, u32>>,
    /// Kept volumes that are ours as long as their files are open.
    volumes: Mutex<Vec<(String, File)>>,
    pub(crate) broken: Arc<Broken>,
    /// Requests that must not be left half done.
    requests: TaskTracker,
    /// What of it is to stay.
    pub(crate) staying: OnceLock<Staying>,
    closing: Arc<AtomicBool>,
}

impl Stack {
    pub(crate) fn new(
        engine: &Engine,
        events: &Events,
        identity: Identity,
        watchdog: Option<Vec<OsString>>,
        state_dir: Option<PathBuf>,
    ) -> Self {
        Self {
            engine: engine.clone(),
            events: events.clone(),
            identity,
            watchdog,
            state_dir,
            lease: tokio::sync::Mutex::default(),
            net: OnceCell::new(),
            dialer: OnceCell::new(),
            pauses: Mutex::default(),
            running: Mutex::default(),
            tests: Mutex::default(),
            volumes: Mutex::default(),
            broken: Arc::default(),
            requests: TaskTracker::new(),
            staying: OnceLock::new(),
            closing: Arc::default(),
        }
    }

    /// Makes sure that somebody cleans up after us, before there is anything to clean up.
    pub(crate) async fn take_lease(&self) {
        let mut lease = self.lease.lock().await;
        if lease.is_none() {
            let watchdog = self.start_watchdog().await;
            *lease =
                Some(Lease::take(self.state_dir.as_deref(), &self.identity.session, &self.engine, watchdog));
            if lease.as_ref().is_some_and(|lease| !lease.is_known()) {
                self.events.notice(
                    "this run cannot be told from one that was killed, for its folder of locks cannot be written: \
                     do not run `cargo xtask clean` meanwhile",
                );
            }
        }
    }

    async fn start_watchdog(&self) -> Option<Watchdog> {
        let command = self.watchdog.as_ref()?;
        let endpoint = self.engine.endpoint().clone().absolute();
        let started = Watchdog::start(command, endpoint, &self.identity.session, self.order()).await;
        if let Err(error) = &started {
            self.events.notice(format!(
                "nobody watches over this run ({error}): if it is killed, the next one cleans up after it"
            ));
        }
        started.ok()
    }

    /// The session's network, made when first asked for.
    pub(crate) async fn net(&self) -> Result<&Net, Error> {
        let make = async || {
            let name = self.make_network().await?;
            let is_here = dial::is_here(&self.engine.bridge(&name).await?);
            Ok(Net { name, is_here })
        };
        self.net.get_or_try_init(make).await
    }

    /// The name of the session's network, which is there now.
    async fn make_network(&self) -> Result<String, Error> {
        let (name, labels) = match self.staying.get() {
            Some(staying) => {
                if let Some(foreign) = &staying.lasting.network {
                    return self.foreign_network(staying, foreign).await;
                }
                if let Some(known) = staying.network(&self.engine, &self.identity.host).await? {
                    return Ok(known);
                }
                (staying.lasting.prefix.name(""), staying.labels(&self.identity, ""))
            }
            None => (self.identity.name(""), self.identity.labels("")),
        };
        self.take_lease().await;
        let (engine, made) = (self.engine.clone(), name.clone());
        self.request(async move { engine.create_network(&made, &labels).await }).await?;
        let (session, network) = (self.identity.session.clone(), name.clone());
        self.events.emit(Event::NetworkCreated { session, network });
        Ok(name)
    }

    /// The cell of the container that owns a group's `localhost`.
    pub(crate) fn pause(&self, group: &str) -> Arc<OnceCell<String>> {
        lock(&self.pauses).entry(group.to_owned()).or_default().clone()
    }

    /// The name of a test's container: those of earlier runs in this session are still there.
    pub(crate) fn test_name(&self, test: &str) -> String {
        let mut tests = lock(&self.tests);
        let count = tests.entry(test.to_owned()).and_modify(|count| *count += 1).or_insert(1);
        let again = if *count == 1 { String::new() } else { format!("-{count}") };
        self.identity.name(&format!("{test}{again}"))
    }

    /// Makes a container; gives its id. It is made to its end even if nobody waits for it any more.
    pub(crate) async fn create(&self, name: String, body: ContainerCreateBody) -> Result<String, Error> {
        self.take_lease().await;
        let engine = self.engine.clone();
        self.request(async move { engine.create_container(&name, body).await }).await
    }

    /// A request of which the engine may make something also when it is given up: then `close` waits
    /// for it, and finds what it made.
    async fn request<T: Send + 'static>(
        &self,
        request: impl Future<Output = Result<T, EngineError>> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.requests.spawn(request).await;
        done.map_err(|error| Error::Machine(format!("a request to the engine broke off: {error}")))?
            .map_err(Error::from)
    }

    /// The entry of a service, and whether it is new.
    ///
    /// # Errors
    /// If another service of its name runs, or it runs in other company than `node` says.
    pub(crate) fn enter(&self, node: &Node) -> Result<(Arc<Running>, bool), Error> {
        let mut running = lock(&self.running);
        let Some(known) = running.iter().find(|known| known.service.name() == node.name()) else {
            let new = Running::new(node);
            running.push(new.clone());
            return Ok((new, true));
        };
        if !known.service.is_same(&node.service) {
            return Err(super::PlanError::SameName(node.name().to_owned()).into());
        }
        if known.group != node.group || !node.aliases.is_subset(&known.aliases) {
            return Err(Error::Usage(format!(
                "{} runs already, under other names than it is wanted by now: start all that need it together",
                node.name()
            )));
        }
        Ok((known.clone(), false))
    }

    /// What runs, or did, in the order in which it came.
    pub(crate) fn all(&self) -> Vec<Arc<Running>> {
        lock(&self.running).clone()
    }

    /// The name of a volume in the engine, which is there now and ours alone.
    ///
    /// # Errors
    /// If another session uses it.
    pub(crate) async fn volume(&self, volume: &Volume, service: &str) -> Result<String, Error> {
        let (name, labels) = match (self.staying.get(), volume.lifetime) {
            (Some(staying), _) => {
                (staying.lasting.prefix.name(&volume.name), staying.labels(&self.identity, service))
            }
            (None, Lifetime::Session) => (self.identity.name(&volume.name), self.identity.labels(service)),
            (None, Lifetime::Kept) => {
                let name = kept_name(volume, &self.identity.host);
                self.claim(&name, service).await?;
                (name, kept_labels(volume, &self.identity.host))
            }
        };
        let (engine, made) = (self.engine.clone(), name.clone());
        self.request(async move { engine.create_volume(&made, &labels).await }).await?;
        Ok(name)
    }

    /// Locks a volume that is kept: two servers on the same data destroy them.
    async fn claim(&self, name: &str, service: &str) -> Result<(), Error> {
        let in_use = |by: String| {
            Error::Machine(format!("the data of {service} are in use{by}; stop that, or wait until it ends"))
        };
        if lock(&self.volumes).iter().any(|(known, _)| known == name) {
            return Err(in_use(" by another service of this run".into()));
        }
        let lock_file = lease::lock_volume(self.state_dir.as_deref(), name)
            .map_err(|lease::InUse| in_use(" by another run of this checkout".into()))?;
        let users = self.engine.users_of_volume(name).await?;
        if let Some(user) = users.first() {
            return Err(in_use(format!(" by the container {user}")));
        }
        lock(&self.volumes).extend(lock_file.map(|file| (name.to_owned(), file)));
        Ok(())
    }

    /// Whether the end of a service is no failure any more.
    pub(crate) fn closing(&self) -> Arc<AtomicBool> {
        self.closing.clone()
    }

    /// From now on the end of a service is none.
    pub(crate) fn no_more_failures(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Removes all that the session made, what is to stay too unless it is settled: those with data to
    /// keep end by themselves, in reverse; the others at once.
    ///
    /// # Errors
    /// If something cannot be removed. The lease stays then, so that the next run tries again.
    pub(crate) async fn close(&self) -> Result<usize, EngineError> {
        self.no_more_failures();
        self.requests.close();
        let in_flight = tokio::time::timeout(IN_FLIGHT, self.requests.wait()).await.is_err();
        let lease = self.lease.lock().await.take();
        let running = std::mem::take(&mut *lock(&self.running));
        let mut removed = 0;
        if lease.is_some() {
            // Of a stack that stays, nothing that runs is the session's; a prober may be.
            if self.staying.get().is_none() {
                self.stop_keepers(&running).await?;
            }
            removed += self.engine.sweep(&of_session(&self.identity.session)).await?;
        }
        let settled = self.staying.get().is_some_and(Staying::is_settled);
        if let Some(staying) = self.staying.get().filter(|_| !settled) {
            removed += staying.take_back(&self.engine, &self.identity.session).await?;
        }
        if !settled {
            // Nothing prints any more; what it printed last is in its file.
            for log in running.iter().filter_map(|running| running.log.get()) {
                let _ = tokio::time::timeout(Duration::from_secs(1), log.ended()).await;
            }
        }
        lock(&self.volumes).clear();
        match lease {
            Some(lease) if !in_flight => lease.release().await,
            // The engine may still make something: the watchdog stays, and the lease for the next run.
            lease => drop(lease),
        }
        Ok(removed)
    }

    /// Ends those with data to keep, in the reverse of their order, once nobody uses them any more. One
    /// that never got ready has nothing new to keep, and may not even hear that it is to end:
    /// PostgreSQL's entry point does not while it makes its data.
    async fn stop_keepers(&self, running: &[Arc<Running>]) -> Result<(), EngineError> {
        let (keepers, others): (Vec<&Arc<Running>>, _) =
            running.iter().partition(|running| running.keeps_data() && running.is_ready());
        if keepers.is_empty() {
            return Ok(());
        }
        let others = others.iter().filter_map(|running| running.container.get());
        try_join_all(others.map(|container| self.engine.kill_container(container))).await?;
        for container in keepers.iter().rev().filter_map(|running| running.container.get()) {
            self.engine.stop_container(container, GRACE).await?;
        }
        Ok(())
    }

    /// Leaves all as it is, for a person to look at: no later run takes it for a leftover.
    pub(crate) async fn leave(&self) {
        self.no_more_failures();
        if let Some(lease) = self.lease.lock().await.take() {
            lease.release().await;
        }
    }
}

/// The name of a volume that is kept: its owner's, and this machine's.
fn kept_name(volume: &Volume, host: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::new().chain_update(host).chain_update([0]).chain_update(&volume.owner).finalize();
    format!("xtask-{}-{}", &crate::hex(&digest)[..12], volume.name)
}

fn kept_labels(volume: &Volume, host: &str) -> Labels {
    Labels::from([
        (KIND_LABEL.to_owned(), "kept".to_owned()),
        (HOST_LABEL.to_owned(), host.to_owned()),
        (PART_LABEL.to_owned(), volume.name.clone()),
        (OWNER_LABEL.to_owned(), volume.owner.clone()),
    ])
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
