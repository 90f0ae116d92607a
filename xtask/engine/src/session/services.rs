//! Services: their images are built, their containers made, started, and looked at until they are
//! ready, each as soon as what it needs is there.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt, try_join_all};
use futures_util::{StreamExt, TryStreamExt};
use tokio::sync::watch;

use super::Session;
use super::failure::cannot_start;
use super::head_start::HeadStart;
use super::lasting::{Made, Same};
use super::service_image::ServiceImage;
use crate::Error;
use crate::docker::{Ended, EngineError, Labels, LogOptions, Output, Printed};
use crate::event::{Event, ServiceState};
use crate::pipeline::{Readiness, Service};
use crate::service::{
    Body, Coming, Log, LogOf, Node, Place, Plan, Probe, Running, ServiceFailure, State, Target, Why,
};

/// The folder of the services' complete logs, in the record.
pub(super) const LOGS: &str = "services";
/// The time in which a service must be ready, where nobody says otherwise.
const READY: Duration = Duration::from_secs(60);
/// A job has so many times as long: it does the work that services wait for.
const JOB_FACTOR: u32 = 10;
/// Lines of a service that ran before which are looked at again: the tail of its failure.
const LAST: u64 = 40;
/// How long the last lines of something that ended may still be on their way.
const LAST_LINES: Duration = Duration::from_secs(1);

impl Session {
    /// Starts services and all that they need, each once in a session, and returns when all of these
    /// are ready. They run until the session is closed.
    ///
    /// # Errors
    /// [`Error::Plan`] before anything starts; [`Error::Service`] if one fails; else see [`Error`].
    pub async fn start(&self, services: &[&Service]) -> Result<(), Error> {
        let plan = Plan::of(services, None)?;
        let started = self.in_time(&self.stack.identity.task, self.start_plan(&plan)).await;
        started.map_err(|error| self.with_what_was_awaited(error))
    }

    /// When the time was up, what was not ready yet.
    pub(super) fn with_what_was_awaited(&self, mut error: Error) -> Error {
        if let Error::TimedOut { during: during @ None, .. } = &mut error {
            let is_coming = |running: &Arc<Running>| *running.state.borrow() == State::Coming;
            let all = self.stack.all();
            let coming: Vec<&str> = all
                .iter()
                .filter(|running| is_coming(running))
                .map(|running| running.service.name())
                .collect();
            *during = (!coming.is_empty()).then(|| format!("it waited for {}", coming.join(", ")));
        }
        error
    }

    /// Waits until one of the session's services breaks, the user stops the run, or its time is up.
    ///
    /// # Returns
    /// Which of them it was.
    pub async fn broken(&self) -> Error {
        let broken = async { Err::<(), _>(self.stack.broken.wait().await) };
        self.in_time(&self.stack.identity.task, broken).await.err().unwrap_or(Error::Canceled)
    }

    /// The address of a service that runs, if it can be reached from here.
    ///
    /// # Errors
    /// If the engine is gone or hangs, the user stops the run, or its time is up.
    pub async fn address(&self, service: &str) -> Result<Option<IpAddr>, Error> {
        self.in_time(&self.stack.identity.task, self.address_now(service)).await
    }

    /// The same at the end of a run, however that came.
    pub(super) async fn address_now(&self, service: &str) -> Result<Option<IpAddr>, Error> {
        let net = self.stack.net().await?;
        let running = self.stack.all().into_iter().find(|running| running.service.name() == service);
        match running {
            Some(running) if net.is_here => Ok(Some(self.address_of(&running).await?)),
            _ => Ok(None),
        }
    }

    /// Brings up all of a plan, in parallel as far as needs allow.
    pub(super) async fn start_plan(&self, plan: &Plan) -> Result<(), Error> {
        let mut entered = Vec::new();
        for node in &plan.nodes {
            let (running, is_new) = self.stack.enter(node)?;
            entered.push((node, running.clone(), is_new.then(|| Coming(running))));
        }
        let new = entered.iter().filter(|(.., coming)| coming.is_some());
        let head_start = &HeadStart::among(new.map(|(node, ..)| *node));
        if let Some(staying) = self.stack.staying.get() {
            staying.expect(plan.nodes.len());
        }
        let mut coming: Vec<BoxFuture<'_, Result<(), Error>>> = Vec::new();
        for (node, running, new) in entered {
            coming.push(match new {
                Some(new) => self.bring_up(node, plan, new, head_start).boxed(),
                None => self.be_ready(running).boxed(),
            });
        }
        let broken = async { Err(self.stack.broken.wait().await) };
        tokio::select! {
            biased;
            result = try_join_all(coming) => result.map(drop),
            error = broken => error,
        }
    }

    /// Waits for a service that somebody else starts.
    async fn be_ready(&self, running: Arc<Running>) -> Result<(), Error> {
        match until(&running.state).await {
            State::Ready => Ok(()),
            _ => Err(running.why()),
        }
    }

    async fn bring_up(
        &self,
        node: &Node,
        plan: &Plan,
        coming: Coming,
        head_start: &HeadStart,
    ) -> Result<(), Error> {
        let Coming(running) = &coming;
        let result = self.bring_up_now(node, plan, running, head_start).await;
        match &result {
            Ok(()) => drop(running.state.send_replace(State::Ready)),
            Err(error) => drop(running.failure.set(error.again())),
        }
        result // what did not get ready has failed when `coming` goes
    }

    async fn bring_up_now(
        &self,
        node: &Node,
        plan: &Plan,
        running: &Arc<Running>,
        head_start: &HeadStart,
    ) -> Result<(), Error> {
        let name = node.name();
        let pipeline = plan.image_name(node);
        let needs = node.waits_for.iter().cloned().collect();
        let creating = ServiceState::Creating { pipeline: pipeline.to_owned(), needs };
        self.tell_service(name, creating, Duration::ZERO);
        // Both take their time; the network is there when the first image is.
        let image = self.service_image(pipeline, &node.service.0.fs);
        let (image, _) = tokio::try_join!(image, self.stack.net())?;
        let Made { id: container, same, stand_by } = match self.stack.staying.get() {
            Some(staying) => self.make_lasting(node, plan, &image, staying).await?,
            None => Made { id: self.make(node, plan, &image).await?, same: None, stand_by: None },
        };
        let _ = running.container.set(container.clone());
        if same == Some(Same::Done) {
            self.tell_service(name, ServiceState::Completed, Duration::ZERO);
            return Ok(());
        }
        let attaching = async {
            match same {
                Some(Same::Runs) => {
                    let last = LogOptions { follow: true, tail: Some(LAST), ..LogOptions::default() };
                    Ok(self.engine.log(&container, &last).map_ok(Printed::into_bytes).boxed())
                }
                _ => Ok(self.engine.attach(&container).await?),
            }
        };
        let (output, ()) = tokio::try_join!(attaching, self.wait_for_needs(node))?;
        if same == Some(Same::Runs) {
            head_start.started(node);
            let log = self.follow(node, name, output);
            let _ = running.log.set(log.clone());
            let ended = self.end_of(container);
            return self.run_service(node, running, log, ended, Instant::now()).await;
        }
        let mut standing_by = None;
        if let (Some(staying), None) = (self.stack.staying.get(), same) {
            if let Some(stand_by) = stand_by {
                staying.all_made().await;
                standing_by = self.stand_by(node, running, staying, stand_by).await?;
            }
            self.stack.make_room(staying, name).await?;
        }
        head_start.wait(node).await;
        self.tell_service(name, ServiceState::Starting { probe: probe(node) }, Duration::ZERO);
        let started = Instant::now();
        let begun = self.engine.start_container(&container, name).await;
        head_start.started(node);
        if let Err(error) = begun {
            return Err(match error {
                EngineError::Refused { message, .. } => {
                    self.service_failed(running, Why::CannotStart(cannot_start(&message))).await
                }
                gone => gone.into(),
            });
        }
        let log = self.follow(node, name, output);
        let _ = running.log.set(log.clone());
        let ended = self.end_of(container.clone());
        match node.service.is_job() {
            true => self.run_job(running, ended, started).await?,
            false => self.run_service(node, running, log, ended, started).await?,
        }
        match (self.stack.staying.get(), standing_by) {
            (Some(staying), Some(id)) => self.stand_down(node, staying, &id, &container).await,
            _ => Ok(()),
        }
    }

    /// The end of a container that runs.
    pub(super) fn end_of(&self, container: String) -> BoxFuture<'static, Result<Ended, EngineError>> {
        let engine = self.engine.clone();
        async move { engine.ended(&container).await }.boxed()
    }

    /// The container of a service, not started.
    async fn make(&self, node: &Node, plan: &Plan, image: &ServiceImage) -> Result<String, Error> {
        let definition = &*node.service.0;
        let mut volumes = Vec::new();
        for (path, volume) in &definition.volumes {
            volumes.push((path.as_str().to_owned(), self.stack.volume(volume, node.name()).await?));
        }
        let mut aliases = node.aliases.clone();
        aliases.insert(node.name().to_owned());
        let place = self.place(node.name(), aliases, node.group.as_deref(), plan).await?;
        let labels = self.stack.identity.labels(node.name());
        let body = Body { volumes, ..self.service_body(node, image, place, labels).await? };
        check_runs_something(&body, node.name())?;
        let container = self.stack.create(self.stack.identity.name(node.name()), body.request()).await?;
        self.put_secrets(node.name(), &definition.config, &container).await?;
        Ok(container)
    }

    /// What a service is, wherever it runs; without its volumes.
    pub(super) async fn service_body<'a>(
        &self,
        node: &'a Node,
        image: &'a ServiceImage,
        place: Place,
        labels: Labels,
    ) -> Result<Body<'a>, Error> {
        let definition = &*node.service.0;
        Ok(Body {
            variables: self.secret_variables(&definition.config).await?,
            readiness: definition.readiness.as_ref(),
            memory: definition.memory,
            ..Body::new(&image.id, &image.config, &definition.config, place, labels)
        })
    }

    /// Where a container is on the network: under its names, or in the namespace of its group.
    pub(super) async fn place(
        &self,
        name: &str,
        aliases: BTreeSet<String>,
        group: Option<&str>,
        plan: &Plan,
    ) -> Result<Place, Error> {
        let network = self.stack.net().await?.name.clone();
        let Some(group) = group else {
            return Ok(Place::Network { name: network, hostname: name.to_owned(), aliases });
        };
        let container = self.pause(group, plan).await?;
        Ok(Place::Joined { container })
    }

    async fn wait_for_needs(&self, node: &Node) -> Result<(), Error> {
        let needed: Vec<Arc<Running>> = self
            .stack
            .all()
            .into_iter()
            .filter(|running| node.waits_for.contains(running.service.name()))
            .collect();
        let not_ready = |running: &&Arc<Running>| *running.state.borrow() != State::Ready;
        let needs: Vec<String> =
            needed.iter().filter(not_ready).map(|running| running.service.name().to_owned()).collect();
        if !needs.is_empty() {
            self.tell_service(node.name(), ServiceState::Waiting { needs }, Duration::ZERO);
        }
        for running in needed {
            self.be_ready(running).await?;
        }
        Ok(())
    }

    pub(super) fn follow(&self, node: &Node, file: &str, output: Output) -> Arc<Log> {
        let name = node.name().to_owned();
        let needle = match &node.service.0.readiness {
            Some(Readiness::LogLine { text }) => Some(text.clone()),
            _ => None,
        };
        let (events, path) =
            (self.events.clone(), self.options.record.join(LOGS).join(format!("{file}.log")));
        let tell = move |text| events.emit(Event::ServiceLog { service: name.clone(), text });
        Log::follow(output, &self.events, LogOf { path, needle, tell: Box::new(tell) })
    }

    async fn run_job(
        &self,
        running: &Arc<Running>,
        ended: BoxFuture<'static, Result<Ended, EngineError>>,
        started: Instant,
    ) -> Result<(), Error> {
        let limit = running.service.0.timeout.unwrap_or(self.ready_timeout() * JOB_FACTOR);
        match tokio::time::timeout(limit, ended).await {
            Err(_) => Err(self.service_failed(running, Why::JobTooLong { limit }).await),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(ended)) if ended.code != 0 => {
                Err(self.service_failed(running, Why::JobFailed(ended)).await)
            }
            Ok(Ok(_)) => {
                self.tell_service(running.service.name(), ServiceState::Completed, started.elapsed());
                Ok(())
            }
        }
    }

    async fn run_service(
        &self,
        node: &Node,
        running: &Arc<Running>,
        log: Arc<Log>,
        mut ended: BoxFuture<'static, Result<Ended, EngineError>>,
        started: Instant,
    ) -> Result<(), Error> {
        let looking = self.probe(node, running, log);
        let ready = self.is_ready_in_time(node, looking, &mut ended, started).await?;
        if let Err(why) = ready {
            return Err(self.service_failed(running, why).await);
        }
        self.tell_service(node.name(), ServiceState::Ready, started.elapsed());
        self.watch(running.clone(), ended);
        Ok(())
    }

    /// Waits until a container that was started is ready, by the probe that `looking` gives; or tells
    /// why it will not be.
    pub(super) async fn is_ready_in_time(
        &self,
        node: &Node,
        looking: impl Future<Output = Result<Probe, Error>>,
        ended: &mut BoxFuture<'static, Result<Ended, EngineError>>,
        started: Instant,
    ) -> Result<Result<(), Why>, Error> {
        let limit = node.service.0.timeout.unwrap_or(self.ready_timeout());
        let probing = async {
            let probe = match looking.await {
                // It has no address when it has ended, which the other side tells.
                Err(Error::Engine(EngineError::Refused { .. })) => std::future::pending().await,
                probe => probe?,
            };
            let left = limit.saturating_sub(started.elapsed());
            Ok::<_, Error>(match tokio::time::timeout(left, probe.ready()).await {
                Err(_) => Err(too_late(limit, &probe.describe(), &probe.last())),
                Ok(seen) => seen?.map_err(|last| unfit(&probe, last)),
            })
        };
        tokio::select! {
            biased;
            ended = ended => Ok(Err(Why::EndedBeforeReady(ended?))),
            seen = probing => seen,
        }
    }

    async fn probe(&self, node: &Node, running: &Arc<Running>, log: Arc<Log>) -> Result<Probe, Error> {
        let container = running.container.get().cloned().unwrap_or_default();
        let dialer = self.dialer().await?.clone();
        let target = Target {
            engine: self.engine.clone(),
            container,
            service: node.name().to_owned(),
            address: self.address_of(running).await?,
            dialer,
            ports: node.service.0.config.ports.clone(),
            log,
        };
        Ok(Probe::new(node.service.0.readiness.as_ref(), target))
    }

    /// The address of a service on the network: that of its `localhost`, if it shares one.
    async fn address_of(&self, running: &Running) -> Result<IpAddr, Error> {
        let owner = match &running.group {
            Some(group) => self.stack.pause(group).get().cloned(),
            None => running.container.get().cloned(),
        };
        let network = &self.stack.net().await?.name;
        Ok(self.engine.address(&owner.unwrap_or_default(), network).await?)
    }

    /// From now on the end of a service breaks what needs it.
    fn watch(&self, running: Arc<Running>, ended: BoxFuture<'static, Result<Ended, EngineError>>) {
        let (events, broken, closing) =
            (self.events.clone(), self.stack.broken.clone(), self.stack.closing());
        tokio::spawn(async move {
            let ended = ended.await;
            if closing.load(Ordering::SeqCst) {
                return;
            }
            broken.tell(match ended {
                Ok(ended) => failed(&running, Why::EndedWhileNeeded(ended), &events).await,
                Err(error) => error.into(),
            });
        });
    }

    pub(super) async fn service_failed(&self, running: &Running, why: Why) -> Error {
        failed(running, why, &self.events).await
    }

    fn tell_service(&self, name: &str, state: ServiceState, took: Duration) {
        self.events.emit(Event::Service { service: name.to_owned(), state, seconds: took.as_secs_f64() });
    }

    pub(super) fn ready_timeout(&self) -> Duration {
        self.options.ready_timeout.unwrap_or(READY)
    }
}

/// # Errors
/// [`Error::Usage`] if a container has nothing to run.
pub(super) fn check_runs_something(body: &Body<'_>, name: &str) -> Result<(), Error> {
    match body.runs_something() {
        true => Ok(()),
        false => Err(Error::Usage(format!(
            "{name}: its image names no command, so there is nothing to run; give it one with with_default_args"
        ))),
    }
}

/// What shows that a service is ready, for people; nothing for a job, whose end does.
fn probe(node: &Node) -> String {
    let definition = &*node.service.0;
    match node.service.is_job() {
        true => String::new(),
        false => Readiness::or_default(definition.readiness.as_ref(), &definition.config.ports).describe(),
    }
}

/// Waits until it is known what becomes of a service.
fn until(state: &watch::Sender<State>) -> impl Future<Output = State> + use<> {
    let mut state = state.subscribe();
    async move { state.wait_for(|state| *state != State::Coming).await.map_or(State::Failed, |state| *state) }
}

/// Tells that a service failed, with its last lines.
async fn failed(running: &Running, why: Why, events: &crate::event::Events) -> Error {
    if let (Some(log), Why::EndedBeforeReady(_) | Why::EndedWhileNeeded(_) | Why::JobFailed(_)) =
        (running.log.get(), &why)
    {
        let _ = tokio::time::timeout(LAST_LINES, log.ended()).await;
    }
    let service = running.service.name().to_owned();
    events.emit(Event::Service { service: service.clone(), state: ServiceState::Failed, seconds: 0.0 });
    let failure = ServiceFailure { service, why, tail: running.tail(), log: running.log_path() };
    events.emit(Event::ServiceFailed {
        service: failure.service.clone(),
        why: failure.to_string(),
        tail: failure.tail.clone(),
        log: failure.log.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
    });
    Error::Service(Box::new(failure))
}

fn too_late(limit: Duration, readiness: &str, last: &str) -> Why {
    Why::NotReady { limit, readiness: readiness.to_owned(), last: last.to_owned() }
}

fn unfit(probe: &Probe, last: String) -> Why {
    match probe.is_healthcheck() {
        true => Why::Unhealthy { last },
        false => Why::CannotStart(last),
    }
}
