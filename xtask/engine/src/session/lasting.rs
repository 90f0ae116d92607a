//! A stack that stays: brought up beside what is there of it, taken down again, found by its labels.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Session;
use super::failure::SILENCE;
use super::hand_over::StandBy;
use super::service_image::ServiceImage;
use crate::Error;
use crate::docker::{
    DEFINITION_LABEL, HOST_LABEL, IMAGE_LABEL, ImageReference, KIND_LABEL, OWNER_LABEL, OwnedKind,
    PART_LABEL, PREFIX_LABEL, PURPOSE_LABEL, READINESS_LABEL, STAND_IN_LABEL, StackContainer, UP_LABEL,
};
use crate::lease::{self, InUse};
use crate::pipeline::{FsNode, MountSource, Readiness, Service, Volume};
use crate::service::{
    Body, JOB, Lasting, Node, Now, Plan, Prefix, SERVICE, SHORT, STACK_KIND, Settled, StackLock, Staying,
    is_unsettled, restart, stack_filter, stop,
};

/// How often somebody who waits for a stack looks whether it is free.
const LOOK: std::time::Duration = std::time::Duration::from_millis(50);

/// A container that is there for a part.
pub(super) struct Made {
    pub(super) id: String,
    /// It is the same as before; and whether it runs, or ended well.
    pub(super) same: Option<Same>,
    /// What takes its requests until it is ready, where another one takes them now.
    pub(super) stand_by: Option<StandBy>,
}

/// How what was there before is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Same {
    /// A service that runs.
    Runs,
    /// A service that was stopped.
    Stopped,
    /// A job that ended well.
    Done,
}

impl Session {
    /// Waits until nobody else works on a stack.
    ///
    /// # Errors
    /// If the user stops it meanwhile, or another machine or user has a stack of that name.
    pub async fn lock_stack(&self, prefix: &Prefix) -> Result<StackLock, Error> {
        let state = super::host::state_dir();
        let lock = async {
            let mut told = false;
            loop {
                match lease::lock_stack(state.as_deref(), prefix.as_str()) {
                    Ok(file) => return Ok(StackLock::new(file, state.clone())),
                    Err(InUse) if !told => {
                        told = true;
                        self.events.notice(format!("waiting: another `up` or `down` of {prefix} goes on"));
                    }
                    Err(InUse) => tokio::time::sleep(LOOK).await,
                }
            }
        };
        let lock = self.in_time(&self.options.task, lock).await?;
        let labels = [format!("{KIND_LABEL}={STACK_KIND}"), format!("{PREFIX_LABEL}={prefix}")];
        let owned = self.engine.owned(&labels).await?;
        match owned.iter().find(|owned| owned.labels.get(HOST_LABEL) != Some(&self.host)) {
            None => Ok(lock),
            Some(other) => Err(Error::Usage(format!(
                "another machine or user has a stack {prefix} on this engine ({}); take another --prefix",
                other.name
            ))),
        }
    }

    /// Text that only this machine and user can tell, the same for each stack and name: a password in
    /// data that stay.
    pub fn secret_of_stack(&self, prefix: &Prefix, name: &str) -> String {
        let parts = [self.host.as_str(), prefix.as_str(), name].join("\0");
        crate::hex(&Sha256::digest(parts))[..32].to_owned()
    }

    /// What [`Session::start`] starts from now on is to be this stack, which stays when the session is
    /// closed, once it was settled.
    pub fn stay(&self, lasting: Lasting, lock: StackLock) {
        let _ = self.stack.staying.set(Staying::new(lasting, lock)); // a session has one
    }

    /// Whose a stack is, if there is one or its data are: the folder of the checkout that brought it up.
    ///
    /// # Errors
    /// If the engine is gone.
    pub async fn stack_owner(&self, prefix: &Prefix) -> Result<Option<String>, Error> {
        let owned = self.engine.owned(&stack_filter(Some(prefix), &self.host)).await?;
        Ok(owned.into_iter().find_map(|mut owned| owned.labels.remove(OWNER_LABEL)))
    }

    /// From now on what [`Session::start`] brought up stays, and what it replaced is gone.
    ///
    /// # Errors
    /// [`Error::Service`] if one of them has ended by now; if the engine is gone.
    pub async fn settle(&self) -> Result<Settled, Error> {
        let Some(staying) = self.stack.staying.get() else { return Ok(Settled::default()) };
        let settling = async {
            self.stack.commit(staying).await?;
            self.route_to_own(staying).await?; // what they led to is there until now
            self.stack.settle(staying).await
        };
        // Nobody stops it in the middle, where the stack is neither the old nor the new one.
        tokio::select! {
            settled = settling => settled,
            hangs = self.engine.hangs(SILENCE) => Err(hangs.into()),
        }
    }

    /// The containers of a stack, of all stacks without a prefix; of this machine and user.
    ///
    /// # Errors
    /// If the engine is gone.
    pub async fn stack_containers(&self, prefix: Option<&Prefix>) -> Result<Vec<StackContainer>, Error> {
        Ok(self.engine.stack_containers(&stack_filter(prefix, &self.host)).await?)
    }

    /// Restarts parts of a stack as they are, and waits until they are ready.
    ///
    /// # Errors
    /// If the engine is gone, or one does not get ready.
    pub async fn restart(&self, parts: &[&StackContainer]) -> Result<(), Error> {
        let ready = parts.iter().map(async |part| {
            let name = part.label(PART_LABEL);
            restart(&self.engine, part).await?;
            let limit = self.ready_timeout();
            let begun = std::time::Instant::now();
            loop {
                let state = self.part_state(&part.id).await?;
                let ready = match state {
                    Some(state) => state.ready.unwrap_or(Ok(())),
                    None => Err("it does not run".into()),
                };
                match ready {
                    Ok(()) => return Ok(()),
                    Err(why) if begun.elapsed() > limit => {
                        return Err(Error::Machine(format!(
                            "{name} was started again and is not ready after {} s: {why}; its log says more",
                            limit.as_secs()
                        )));
                    }
                    Err(_) => tokio::time::sleep(LOOK).await,
                }
            }
        });
        let restarting = futures_util::future::try_join_all(ready);
        self.in_time(&self.options.task, async { restarting.await.map(drop) }).await
    }

    /// Takes a stack down: its containers end by themselves and go, then its network, and with
    /// `volumes` its data. Gives what it removed, as people name it.
    ///
    /// # Errors
    /// If the engine is gone, or something cannot be removed.
    pub async fn take_down(&self, prefix: &Prefix, volumes: bool) -> Result<Vec<String>, Error> {
        let labels = stack_filter(Some(prefix), &self.host);
        let containers = self.engine.stack_containers(&labels).await?;
        let (keepers, others): (Vec<_>, Vec<_>) =
            containers.iter().filter(|container| container.may_run()).partition(|it| it.has_volume);
        // Those with data last: nobody writes to them any more.
        for these in [others, keepers] {
            futures_util::future::try_join_all(these.into_iter().map(|one| stop(&self.engine, one))).await?;
        }
        let mut owned = self.engine.owned(&labels).await?;
        owned.retain(|owned| volumes || owned.kind != OwnedKind::Volume);
        self.engine.remove_owned(&owned).await?;
        Ok(owned.into_iter().map(|owned| format!("{} {}", owned.kind.word(), owned.name)).collect())
    }

    /// The container of a service in a stack that stays: the one that is there, if it is made of the
    /// same, else a new one, not started.
    pub(super) async fn make_lasting(
        &self,
        node: &Node,
        plan: &Plan,
        image: &ServiceImage,
        staying: &Staying,
    ) -> Result<Made, Error> {
        let (definition, name) = (&*node.service.0, node.name());
        if node.group.is_some() {
            return Err(Error::Usage(format!("{name} shares a localhost, which no stack that stays can do")));
        }
        let mut volumes = Vec::new();
        for (path, volume) in &definition.volumes {
            volumes.push((path.as_str().to_owned(), self.stack.volume(volume, name).await?));
        }
        let mut aliases = node.aliases.clone();
        aliases.insert(name.to_owned());
        let place = self.place(name, aliases, None, plan).await?;
        let lasting = &staying.lasting;
        let on_host = lasting.on_host.get(name).into_iter().flatten();
        let mut body = Body {
            volumes,
            published: lasting.published.get(name).cloned().unwrap_or_default(),
            host_entries: on_host.map(|name| format!("{name}:host-gateway")).collect(),
            ..self.service_body(node, image, place, crate::docker::Labels::new()).await?
        };
        super::services::check_runs_something(&body, name)?;
        let digest = self.digest_of(node, &mut body).await?;
        let identity = &self.stack.identity;
        let before = staying.before(&self.engine, &identity.host).await?;
        let is_job = node.service.is_job();
        let mut of_part = before.iter().filter(|old| old.label(PART_LABEL) == name);
        let takes_a_place = of_part.clone().next().is_some();
        let is_served = of_part.clone().any(StackContainer::is_running);
        let same = |old: &&StackContainer| {
            !is_unsettled(&lasting.prefix, old)
                && old.label(DEFINITION_LABEL) == digest
                && (!is_job || (old.state == "exited" && old.exit_code == 0))
        };
        if let Some(old) = of_part.find(same) {
            let id = old.id.clone();
            let how = match (is_job, old.is_running()) {
                (true, _) => Same::Done,
                (false, true) => Same::Runs,
                (false, false) => Same::Stopped,
            };
            staying.is_now(name, Now { id: id.clone(), is_job, is_same: true, takes_a_place });
            return Ok(Made { id, same: Some(how), stand_by: None });
        }
        body.labels = staying.labels(identity, name);
        body.labels.insert(DEFINITION_LABEL.into(), digest);
        body.labels.insert(PURPOSE_LABEL.into(), if is_job { JOB } else { SERVICE }.into());
        if !is_job {
            let config = &definition.config;
            let readiness = Readiness::or_default(definition.readiness.as_ref(), &config.ports);
            let readiness = serde_json::to_string(&readiness).unwrap_or_default(); // a plain value
            body.labels.insert(READINESS_LABEL.into(), readiness);
        }
        if let FsNode::Image(named) = &*definition.fs.bottom().0 {
            body.labels.insert(IMAGE_LABEL.into(), named.name().to_owned());
            let found = self.resolve_image(named).await?.reference;
            let is_it = |tag: &str| tag.parse::<ImageReference>().is_ok_and(|tag| tag.full() == found);
            if let Some(stand_in) = named.stand_in().filter(|it| !named.is_made() && is_it(&it.tag)) {
                body.labels.insert(STAND_IN_LABEL.into(), stand_in.differs.clone());
            }
        }
        let short: String = identity.session.chars().take(SHORT).collect();
        let is_behind = lasting.router.as_ref().is_some_and(|router| router.behind.contains(name));
        let stand_by = (is_served && is_behind).then(|| StandBy::of(name, &short, &body));
        let unsettled = format!("{}.{short}", lasting.prefix.name(name));
        let id = self.stack.create(unsettled, body.request()).await?;
        staying.is_now(name, Now { id: id.clone(), is_job, is_same: false, takes_a_place });
        self.put_secrets(name, &definition.config, &id).await?;
        Ok(Made { id, same: None, stand_by })
    }

    /// The digest of all that a container is made of: its image, what the engine is told of it,
    /// secrets; for a job also the data on which it works, which may be new.
    async fn digest_of(&self, node: &Node, body: &mut Body<'_>) -> Result<String, Error> {
        let mut digest = Sha256::new();
        let image = self.engine.image(&body.image).await?;
        digest.update(image.map(|image| image.id).unwrap_or_default());
        // Through a value, whose keys have an order.
        let request = serde_json::to_value(body.clone().request());
        let request = request.map_err(|error| Error::Machine(format!("{}: {error}", node.name())))?;
        digest.update(request.to_string());
        for mount in &node.service.0.config.mounts {
            if let MountSource::Secret(secret) = &mount.source {
                digest.update(self.secret_value(secret).await?);
            }
        }
        if node.service.is_job() {
            let mut volumes = Vec::new();
            below(&node.service, &mut volumes, &mut BTreeSet::new());
            for (service, volume) in &volumes {
                let name = self.stack.volume(volume, service).await?;
                digest.update(self.engine.volume_label(&name, UP_LABEL).await?);
            }
        }
        Ok(crate::hex(&digest.finalize())[..16].to_owned())
    }
}

/// The volumes of all that a service waits for.
fn below(service: &Service, volumes: &mut Vec<(String, Volume)>, seen: &mut BTreeSet<usize>) {
    for other in service.waits_for() {
        if seen.insert(Arc::as_ptr(&other.0).addr()) {
            let own = other.0.volumes.iter();
            volumes.extend(own.map(|(_, volume)| (other.name().to_owned(), volume.clone())));
            below(other, volumes, seen);
        }
    }
}

/// Whether something in the engine belongs to a stack that stays.
pub(super) fn is_of_stack(owned: &crate::docker::Owned) -> bool {
    owned.labels.get(KIND_LABEL).is_some_and(|kind| kind == STACK_KIND)
}
