//! What a session does for a stack that is to stay: makes room for its parts, and settles it.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::{Settled, Stack, StackOrder, Staying, stack_filter, stop};
use crate::Error;
use crate::docker::{EngineError, OwnedKind, PREFIX_LABEL, StackContainer, of_session};

/// How long it may take until the end of a service is told by who watches it.
const TOLD: Duration = Duration::from_secs(3);
/// Networks that each engine has, on which there are no names (docs.docker.com/engine/network/drivers/bridge).
const NAMELESS: [&str; 3] = ["bridge", "host", "none"];

impl Stack {
    /// Ends what runs in the way of a part of a stack that stays, so that it can start. Whatever happens
    /// to us, it runs again unless the stack is settled.
    pub(crate) async fn make_room(&self, staying: &Staying, part: &str) -> Result<(), EngineError> {
        if !staying.ran_before() {
            return Ok(());
        }
        staying.all_made().await; // nothing ends for one that cannot be made
        let in_the_way = staying.in_the_way(part);
        if in_the_way.is_empty() {
            return Ok(());
        }
        self.take_lease().await;
        if let Some(lease) = &mut *self.lease.lock().await {
            lease.stops(in_the_way.iter().map(|old| old.id.as_str())).await;
        }
        try_join_all(in_the_way.iter().map(|old| stop(&self.engine, old))).await.map(drop)
    }

    /// What is to stay stays from now on, under its names. If we are killed before that, others take back
    /// what we made; afterwards the next `up` ends what we began.
    ///
    /// # Errors
    /// [`Error::Service`] if one of them has ended by now; if the engine is gone.
    pub(crate) async fn commit(&self, staying: &Staying) -> Result<(), Error> {
        if let Some(part) = staying.keep_up(&self.engine).await? {
            // Whoever watches it has its last lines.
            let told = tokio::time::timeout(TOLD, self.broken.wait()).await;
            return Err(
                told.unwrap_or_else(|_| Error::Machine(format!("{part} ended as soon as it was ready")))
            );
        }
        self.no_more_failures();
        if let Some(lease) = self.lease.lock().await.take() {
            self.engine.sweep(&of_session(&self.identity.session)).await?; // a prober may be there
            lease.release().await;
        }
        Ok(staying.take_names(&self.engine).await?)
    }

    /// What was replaced goes.
    ///
    /// # Errors
    /// If the engine is gone.
    pub(crate) async fn settle(&self, staying: &Staying) -> Result<Settled, Error> {
        let settled = staying.settle(&self.engine).await?;
        if staying.lasting.network.is_some() {
            // One of its own that it had before.
            let mut owned =
                self.engine.owned(&stack_filter(Some(&staying.lasting.prefix), &self.identity.host)).await?;
            owned.retain(|owned| owned.kind == OwnedKind::Network);
            self.engine.remove_owned(&owned).await?;
        }
        Ok(settled)
    }

    pub(super) fn order(&self) -> Option<StackOrder> {
        self.staying
            .get()
            .map(|staying| StackOrder::of(&staying.lasting, &self.identity.host, self.state_dir.as_deref()))
    }

    /// A network that somebody else made, and no other stack uses: parts of both would answer to the same
    /// names.
    pub(super) async fn foreign_network(&self, staying: &Staying, name: &str) -> Result<String, Error> {
        if NAMELESS.contains(&name) {
            return Err(Error::Usage(format!(
                "containers do not find each other by name on the engine's own network {name}; make one with \
                 `docker network create NAME`, or leave --network out"
            )));
        }
        match self.engine.bridge(name).await {
            Ok(_) => {}
            Err(EngineError::Refused { status: 404, .. }) => {
                return Err(Error::Usage(format!(
                    "the engine has no network {name}; make it with `docker network create {name}`, or leave \
                     --network out"
                )));
            }
            Err(error) => return Err(error.into()),
        }
        let all = self.engine.stack_containers(&stack_filter(None, &self.identity.host)).await?;
        let is_there = |other: &&StackContainer| other.addresses.iter().any(|(network, _)| network == name);
        let mut others = all.iter().filter(is_there).map(|other| other.label(PREFIX_LABEL));
        match others.find(|prefix| *prefix != staying.lasting.prefix.as_str()) {
            None => Ok(name.to_owned()),
            Some(other) => Err(Error::Usage(format!(
                "the stack {other} is on the network {name} already, and its parts answer to the same names; take \
                 another network for this one, or end that with `cargo xtask down --prefix {other}`"
            ))),
        }
    }
}
