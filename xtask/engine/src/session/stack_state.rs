//! How the parts of a stack that stays are right now: asked of them and of the engine, in parallel.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use futures_util::stream::BoxStream;

use super::Session;
use crate::Error;
use crate::docker::{
    EngineError, PART_LABEL, PREFIX_LABEL, PURPOSE_LABEL, READINESS_LABEL, StackContainer, Usage,
};
use crate::pipeline::Readiness;
use crate::service::{Dialer, JOB, Log, Prefix, Probe, Target, is_here, is_unsettled, stack_filter};

/// How long a part may take to show that it is ready.
const LOOK: Duration = Duration::from_secs(1);

/// A part of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackPart {
    /// The container that is the part right now: it runs if any of them does.
    pub container: StackContainer,
    /// While an `up` replaces it: the one that goes, the one that comes, the one that stands by.
    pub others: Vec<StackContainer>,
}

impl StackPart {
    /// The parts that containers are, by stack and name.
    pub fn of(containers: Vec<StackContainer>) -> Vec<Self> {
        let mut parts = BTreeMap::<_, Vec<StackContainer>>::new();
        for container in containers {
            let part = [PREFIX_LABEL, PART_LABEL].map(|label| container.label(label).to_owned());
            parts.entry(part).or_default().push(container);
        }
        let parts = parts.into_values().map(|mut all| {
            // Of two that run and have no name for long, the older one serves.
            all.sort_by_key(|it| (Reverse(it.is_running()), !is_settled(it), it.started.clone()));
            Self { container: all.remove(0), others: all }
        });
        parts.collect()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.container.label(PART_LABEL)
    }

    /// Whether it runs to its end.
    pub fn is_job(&self) -> bool {
        self.container.label(PURPOSE_LABEL) == JOB
    }

    /// Whether an `up` has brought it up, and did not only begin to.
    pub fn is_settled(&self) -> bool {
        self.others.iter().chain([&self.container]).any(is_settled)
    }
}

fn is_settled(container: &StackContainer) -> bool {
    let prefix = container.label(PREFIX_LABEL).parse();
    prefix.is_ok_and(|prefix: Prefix| !is_unsettled(&prefix, container))
}

/// How a part is.
#[derive(Debug, Clone, PartialEq)]
pub struct PartState {
    /// What it is.
    pub part: StackPart,
    /// Whether it is ready, or what it answered; none if it does not run, or cannot be reached from here.
    pub ready: Option<Result<(), String>>,
    /// What it uses; none if it does not run.
    pub usage: Option<Usage>,
}

impl Session {
    /// The parts of a stack, of all stacks without a prefix; of this machine and user.
    ///
    /// # Errors
    /// If the engine is gone.
    pub async fn stack_parts(&self, prefix: Option<&Prefix>) -> Result<Vec<StackPart>, Error> {
        Ok(StackPart::of(self.stack_containers(prefix).await?))
    }

    /// Something each time that a container of a stack starts or is removed.
    pub fn stack_changes(&self, prefix: &Prefix) -> BoxStream<'static, Result<(), EngineError>> {
        self.engine.stack_changes(&stack_filter(Some(prefix), &self.host))
    }

    /// How the parts of a stack are, of all stacks without a prefix.
    ///
    /// # Errors
    /// If the engine is gone.
    pub async fn stack_state(&self, prefix: Option<&Prefix>) -> Result<Vec<PartState>, Error> {
        let states = self.stack_parts(prefix).await?.into_iter().map(async |part| {
            let container = &part.container;
            let (ready, usage) = match container.is_running() {
                true => tokio::try_join!(self.is_ready(container), self.engine.usage(&container.id))?,
                false => (None, None),
            };
            Ok::<_, EngineError>(PartState { part, ready, usage })
        });
        Ok(try_join_all(states).await?)
    }

    /// How the part in a container is; none if it does not run.
    pub(super) async fn part_state(&self, id: &str) -> Result<Option<PartState>, Error> {
        let container = self.engine.stack_container(id).await?;
        let Some(container) = container.filter(StackContainer::is_running) else { return Ok(None) };
        let ready = self.is_ready(&container).await?;
        let part = StackPart { container, others: Vec::new() };
        Ok(Some(PartState { part, ready, usage: None }))
    }

    /// Whether a part is ready, by the probe that `up` waited for.
    async fn is_ready(&self, container: &StackContainer) -> Result<Option<Result<(), String>>, EngineError> {
        let readiness = serde_json::from_str::<Readiness>(container.label(READINESS_LABEL));
        let address = container.addresses.first();
        let address = address.and_then(|(network, ip)| Some((network, ip.parse().ok()?)));
        let (Ok(readiness), Some((network, address))) = (readiness, address) else { return Ok(None) };
        if matches!(readiness, Readiness::LogLine { .. }) {
            return Ok(Some(Ok(()))); // `up` saw the line
        }
        if !is_here(&self.engine.bridge(network).await?) {
            return Ok(None);
        }
        let target = Target {
            engine: self.engine.clone(),
            container: container.id.clone(),
            service: container.label(PART_LABEL).to_owned(),
            address,
            dialer: Dialer::Direct,
            ports: container.ports.iter().map(|(port, ..)| *port).collect(),
            log: Arc::new(Log::none()),
        };
        let probe = Probe::new(Some(&readiness), target);
        Ok(Some(match tokio::time::timeout(LOOK, probe.ready()).await {
            // It may end while it is looked at.
            Ok(Err(error @ EngineError::Refused { .. })) => Err(error.to_string()),
            Ok(seen) => seen?,
            Err(_) => Err(probe.last()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(name: &str, state: &str, started: &str) -> StackContainer {
        let labels = [(PREFIX_LABEL, "day"), (PART_LABEL, "crux"), (PURPOSE_LABEL, "service")];
        StackContainer {
            id: name.into(),
            name: format!("xtask-day-{name}"),
            labels: labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into(),
            state: state.into(),
            started: started.into(),
            ..StackContainer::default()
        }
    }

    #[test]
    fn a_part_is_the_container_that_serves() {
        let old = |state| container("crux", state, "2026-01-01T00:00:00Z");
        let stand_by = || container("crux-0123", "running", "2026-01-02T00:00:00Z");
        let new = |state| container("crux.0123", state, "2026-01-02T00:00:01Z");
        for (all, is) in [
            (vec![new("running"), stand_by(), old("running")], "crux"),
            (vec![new("running"), old("exited"), stand_by()], "crux-0123"),
            (vec![new("running"), old("exited")], "crux.0123"),
            (vec![new("created"), old("exited")], "crux"),
            (vec![new("created")], "crux.0123"),
        ] {
            let count = all.len();
            let parts = StackPart::of(all);
            let [part] = &parts[..] else { panic!("{parts:?}") };
            assert_eq!((&*part.container.id, part.others.len()), (is, count - 1));
            assert_eq!(part.is_settled(), count > 1);
        }
    }
}
