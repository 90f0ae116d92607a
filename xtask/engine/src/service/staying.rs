//! What a session makes of a stack that stays: what was there before, what is new, what takes whose
//! place; until it is settled, so that it can be taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{join_all, try_join_all};
use tokio::sync::{OnceCell, watch};

use super::stack_order::{StackOrder, write_routes};
use super::{Identity, Lasting, Prefix};
use crate::docker::{
    Engine, EngineError, HOST_LABEL, KIND_LABEL, Labels, OWNER_LABEL, OwnedKind, PART_LABEL, PREFIX_LABEL,
    PURPOSE_LABEL, StackContainer, TASK_LABEL, UP_LABEL,
};
use crate::lease::{self, InUse};

/// The kind of all that belongs to such a stack.
pub(crate) const KIND: &str = "stack";
/// Characters of an id in the name of a container that is not the part's own.
pub(crate) const SHORT: usize = 8;
/// How long what ran before may take to end by itself: it has data, or somebody waits.
const GRACE_WITH_DATA: i32 = 10;
const GRACE: i32 = 3;

/// While it is there, no other process brings a stack up or down, or gives its ports to another one.
#[derive(Debug)]
pub struct StackLock {
    _stack: Option<File>,
    ports: Vec<File>,
    /// Where locks are.
    state_dir: Option<PathBuf>,
}

impl StackLock {
    pub(crate) fn new(stack: Option<File>, state_dir: Option<PathBuf>) -> Self {
        Self { _stack: stack, ports: Vec::new(), state_dir }
    }

    /// Keeps ports of this machine for the stack, in place of those that were kept for it before: until
    /// its containers run, the engine knows of nobody who has them.
    ///
    /// # Errors
    /// The first that is kept for another stack; none of them is kept then.
    pub fn keep_ports(&mut self, ports: impl IntoIterator<Item = u16>) -> Result<(), u16> {
        self.ports.clear();
        for port in ports {
            match lease::lock_port(self.state_dir.as_deref(), port) {
                Ok(file) => self.ports.extend(file),
                Err(InUse) => {
                    self.ports.clear();
                    return Err(port);
                }
            }
        }
        Ok(())
    }
}

/// A stack that stays, while a session brings it up.
pub(crate) struct Staying {
    pub(crate) lasting: Lasting,
    /// What was there when the session first looked.
    before: OnceCell<Vec<StackContainer>>,
    /// The container of each part from now on, by part.
    now: watch::Sender<BTreeMap<String, Now>>,
    /// Those that ran before and were stopped for others that take their place.
    stopped: Mutex<Vec<StackContainer>>,
    /// The services that are at other hosts for a moment.
    routed: Mutex<BTreeSet<String>>,
    settled: AtomicBool,
    expected: AtomicUsize,
    lock: Mutex<Option<StackLock>>,
}

/// The container of a part from now on.
#[derive(Debug, Clone)]
pub(crate) struct Now {
    pub(crate) id: String,
    pub(crate) is_job: bool,
    /// It was there before.
    pub(crate) is_same: bool,
    /// Another one was there before.
    pub(crate) takes_a_place: bool,
}

/// What became of the parts of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Those that went on as they were.
    pub unchanged: Vec<String>,
    /// Those that are the same, and did not run.
    pub started: Vec<String>,
    /// Those in whose place new ones are.
    pub replaced: Vec<String>,
    /// Those that are new.
    pub new: Vec<String>,
    /// Those that are no longer part of it.
    pub gone: Vec<String>,
}

/// The labels by which all of a stack is found.
pub(crate) fn filter(prefix: Option<&Prefix>, host: &str) -> Vec<String> {
    let mut labels = vec![format!("{KIND_LABEL}={KIND}"), format!("{HOST_LABEL}={host}")];
    labels.extend(prefix.map(|prefix| format!("{PREFIX_LABEL}={prefix}")));
    labels
}

/// Ends a container so that its data are whole.
pub(crate) async fn stop(engine: &Engine, container: &StackContainer) -> Result<(), EngineError> {
    engine.stop_container(&container.id, grace(container)).await
}

/// Has a container end as [`stop`] does and start again, which goes on when nobody waits any more.
pub(crate) async fn restart(engine: &Engine, container: &StackContainer) -> Result<(), EngineError> {
    engine.restart_container(&container.id, container.label(PART_LABEL), grace(container)).await
}

/// How long it may take to end by itself, in seconds.
fn grace(container: &StackContainer) -> i32 {
    if container.has_volume { GRACE_WITH_DATA } else { GRACE }
}

impl Staying {
    pub(crate) fn new(lasting: Lasting, lock: StackLock) -> Self {
        Self {
            lasting,
            before: OnceCell::new(),
            now: watch::Sender::default(),
            stopped: Mutex::default(),
            routed: Mutex::default(),
            settled: AtomicBool::new(false),
            expected: AtomicUsize::new(0),
            lock: Mutex::new(Some(lock)),
        }
    }

    /// The labels of something of the stack that `identity` makes.
    pub(crate) fn labels(&self, identity: &Identity, part: &str) -> Labels {
        let labels = [
            (KIND_LABEL, KIND),
            (HOST_LABEL, &identity.host),
            (PREFIX_LABEL, self.lasting.prefix.as_str()),
            (UP_LABEL, &identity.session),
            (TASK_LABEL, &identity.task),
            (PART_LABEL, part),
            (OWNER_LABEL, &self.lasting.owner),
        ];
        let said = labels.into_iter().filter(|(_, value)| !value.is_empty());
        said.map(|(label, value)| (label.to_owned(), value.to_owned())).collect()
    }

    /// What was there of the stack.
    pub(crate) async fn before(&self, engine: &Engine, host: &str) -> Result<&[StackContainer], EngineError> {
        let look = async || engine.stack_containers(&filter(Some(&self.lasting.prefix), host)).await;
        self.before.get_or_try_init(look).await.map(Vec::as_slice)
    }

    /// The network of the stack, if it is there.
    pub(crate) async fn network(&self, engine: &Engine, host: &str) -> Result<Option<String>, EngineError> {
        let owned = engine.owned(&filter(Some(&self.lasting.prefix), host)).await?;
        Ok(owned.into_iter().find(|owned| owned.kind == OwnedKind::Network).map(|network| network.name))
    }

    /// From now on a part is this container.
    pub(crate) fn is_now(&self, part: &str, now: Now) {
        self.now.send_modify(|parts| drop(parts.insert(part.to_owned(), now)));
    }

    /// The container of the router, if it is the one that ran before and goes on: clients come through
    /// it already. Waits until it is known whether it does.
    pub(crate) async fn router(&self) -> Option<String> {
        let router = self.lasting.router.as_ref()?;
        let mut now = self.now.subscribe();
        let known = now.wait_for(|now| now.contains_key(&router.service)).await.ok()?;
        let before = self.running_before(&router.service)?;
        known.get(&router.service).filter(|now| now.id == before.id).map(|now| now.id.clone())
    }

    /// What ran of a part before.
    fn running_before(&self, part: &str) -> Option<&StackContainer> {
        let mut before = self.before.get()?.iter();
        before.find(|old| old.label(PART_LABEL) == part && old.is_running())
    }

    /// Has the router pass requests on to all by their own names.
    pub(crate) async fn route_to_own(&self, engine: &Engine, router: &str) -> Result<(), EngineError> {
        let Some(known) = &self.lasting.router else { return Ok(()) };
        write_routes(engine, router, &known.own_routes()).await
    }

    /// Has the router pass requests for a service on to `host`, until [`Staying::route_to_own`].
    pub(crate) async fn route(
        &self,
        engine: &Engine,
        router: &str,
        service: &str,
        host: &str,
    ) -> Result<(), EngineError> {
        let Some(known) = &self.lasting.router else { return Ok(()) };
        lock(&self.routed).insert(service.to_owned());
        write_routes(engine, router, &[(known.route)(service, host)]).await
    }

    /// Whether anything of it ran before.
    pub(crate) fn ran_before(&self) -> bool {
        self.before.get().into_iter().flatten().any(StackContainer::is_running)
    }

    /// So many parts are on their way.
    pub(crate) fn expect(&self, parts: usize) {
        self.expected.fetch_max(parts, Ordering::SeqCst);
    }

    /// Waits until the container of each part is made, so that nothing ends for one that never will be.
    pub(crate) async fn all_made(&self) {
        let expected = self.expected.load(Ordering::SeqCst);
        // The sender is our own and lives.
        let _ = self.now.subscribe().wait_for(|now| now.len() >= expected).await;
    }

    /// What ran before and has to end before a part's new container can start: what ran as this part, and
    /// whatever has a port on the host that it is to have. Who takes it is to stop it.
    pub(crate) fn in_the_way(&self, part: &str) -> Vec<StackContainer> {
        let ports = self.lasting.published.get(part).into_iter().flatten();
        let ports: BTreeSet<u16> = ports.map(|published| published.host_port).collect();
        let now = self.now.borrow();
        let stays = |old: &StackContainer| now.values().any(|now| now.id == old.id);
        let before = self.before.get().into_iter().flatten().filter(|old| old.may_run() && !stays(old));
        let in_the_way = before.filter(|old| {
            old.label(PART_LABEL) == part || old.ports.iter().any(|(.., port)| ports.contains(port))
        });
        let in_the_way: Vec<StackContainer> = in_the_way.cloned().collect();
        let mut stopped = lock(&self.stopped);
        for old in &in_the_way {
            if !stopped.iter().any(|known| known.id == old.id) {
                stopped.push(old.clone());
            }
        }
        in_the_way
    }

    /// From now on all services start again when they end, and with the engine. Gives one that has ended
    /// before that.
    pub(crate) async fn keep_up(&self, engine: &Engine) -> Result<Option<String>, EngineError> {
        let now = self.now.borrow().clone();
        let services = now.iter().filter(|(_, now)| !now.is_job);
        let ended = services.map(async |(part, now)| {
            engine.restart_always(&now.id).await?;
            let runs = engine.stack_container(&now.id).await?.is_some_and(|container| container.is_running());
            Ok::<_, EngineError>((!runs).then(|| part.clone()))
        });
        Ok(try_join_all(ended).await?.into_iter().flatten().next())
    }

    /// All is well: the new ones get their names. Whatever happens from now on, the stack is this one.
    ///
    /// The engine forgets the names of a container that runs for a moment when it renames it (moby,
    /// `libnetwork/endpoint.go`), so nobody should come to one by name meanwhile.
    pub(crate) async fn take_names(&self, engine: &Engine) -> Result<(), EngineError> {
        self.settled.store(true, Ordering::SeqCst);
        let now = self.now.borrow().clone();
        let named = self.replaced().into_iter().filter(|old| !is_unsettled(&self.lasting.prefix, old));
        try_join_all(named.map(async |old| engine.rename_container(&old.id, &old_name(old)).await)).await?;
        let new = now.iter().filter(|(_, now)| !now.is_same);
        let name = async |(part, now): (&String, &Now)| {
            engine.rename_container(&now.id, &self.lasting.prefix.name(part)).await
        };
        try_join_all(new.map(name)).await.map(drop)
    }

    /// What was there before and is not of the stack from now on.
    fn replaced(&self) -> Vec<&StackContainer> {
        let now = self.now.borrow();
        let stays = |old: &&StackContainer| now.values().any(|now| now.id == old.id);
        self.before.get().into_iter().flatten().filter(|old| !stays(old)).collect()
    }

    /// What was replaced goes.
    pub(crate) async fn settle(&self, engine: &Engine) -> Result<Settled, EngineError> {
        let now = self.now.borrow().clone();
        let before = self.before.get().map(Vec::as_slice).unwrap_or_default();
        let mut settled = Settled::default();
        let goes = self.replaced();
        for old in &goes {
            let part = old.label(PART_LABEL);
            if !now.contains_key(part) && old.label(PURPOSE_LABEL) != JOB {
                settled.gone.push(part.to_owned());
            }
        }
        let remove = goes.iter().map(async |old| {
            if old.may_run() {
                stop(engine, old).await?;
            }
            engine.remove_container(&old.id).await
        });
        try_join_all(remove).await?;
        lock(&self.lock).take(); // whoever waits may go on
        for (part, now) in now.into_iter().filter(|(_, now)| !now.is_job) {
            match now {
                Now { is_same: true, id, .. } => {
                    let ran = before.iter().any(|old| old.id == id && old.is_running());
                    if ran { settled.unchanged.push(part) } else { settled.started.push(part) }
                }
                Now { takes_a_place: true, .. } => settled.replaced.push(part),
                Now { .. } => settled.new.push(part),
            }
        }
        Ok(settled)
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::SeqCst)
    }

    /// Takes back all that the session `id` made, and lets run again what ran before. Gives how much
    /// it removed.
    pub(crate) async fn take_back(&self, engine: &Engine, id: &str) -> Result<usize, EngineError> {
        let removed = engine.sweep(&StackOrder::made(id)).await?;
        let stopped = std::mem::take(&mut *lock(&self.stopped));
        let started = stopped.iter().map(async |old| {
            stop(engine, old).await?; // it may be ending still, and one that does cannot be started
            engine.start_container(&old.id, &old.name).await
        });
        let started: Result<(), EngineError> = join_all(started).await.into_iter().collect();
        let routed = std::mem::take(&mut *lock(&self.routed));
        if let Some(router) = self.lasting.router.as_ref().filter(|_| !routed.is_empty())
            && let Some(container) = self.running_before(&router.service)
        {
            self.route_to_own(engine, &container.id).await?;
        }
        lock(&self.lock).take();
        started.map(|()| removed)
    }
}

/// Whether a container is one that a run made and did not live to settle: its name is not the part's.
pub(crate) fn is_unsettled(prefix: &Prefix, container: &StackContainer) -> bool {
    container.name != prefix.name(container.label(PART_LABEL))
}

/// What one is called that has made room for another, until it is removed.
fn old_name(container: &StackContainer) -> String {
    format!("{}.{}", container.name, container.id.chars().take(SHORT).collect::<String>())
}

/// The value of [`PURPOSE_LABEL`] for what runs to its end.
pub(crate) const JOB: &str = "job";
/// Its value for all else.
pub(crate) const SERVICE: &str = "service";

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn ports_are_kept_for_one_stack_until_it_lets_go_or_takes_others() {
        let dir = tempfile::tempdir().unwrap();
        let lock = || StackLock::new(None, Some(dir.path().to_owned()));
        let (mut one, mut other) = (lock(), lock());
        // A child that another test is just starting has what was let go until it executes its program.
        let gets = |lock: &mut StackLock, ports: [u16; 2]| {
            let begun = Instant::now();
            while lock.keep_ports(ports).is_err() {
                assert!(begun.elapsed() < Duration::from_secs(120), "{ports:?} are kept all the time");
                std::thread::yield_now();
            }
        };
        gets(&mut one, [18_000, 11_848]);
        assert_eq!(other.keep_ports([13_000, 11_848]), Err(11_848));
        gets(&mut one, [13_000, 15_000]); // a try that failed keeps nothing
        gets(&mut other, [18_000, 11_848]); // nor does one who took others
        assert_eq!(other.keep_ports([15_000]), Err(15_000));
        drop(one);
        gets(&mut other, [13_000, 15_000]);
        assert_eq!(StackLock::new(None, None).keep_ports([13_000]), Ok(()), "without locks, the engine says");
    }
}
