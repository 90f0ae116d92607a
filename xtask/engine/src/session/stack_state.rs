//! How the parts of a stack that stays are right now: asked of them and of the engine, in parallel.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;

use super::Session;
use crate::Error;
use crate::docker::{EngineError, PART_LABEL, PURPOSE_LABEL, READINESS_LABEL, StackContainer, Usage};
use crate::pipeline::Readiness;
use crate::service::{Dialer, JOB, Log, Prefix, Probe, Target, is_here};

/// How long a part may take to show that it is ready.
const LOOK: Duration = Duration::from_secs(1);

/// How a part is.
#[derive(Debug, Clone, PartialEq)]
pub struct PartState {
    /// Its container.
    pub container: StackContainer,
    /// Whether it is ready, or what it answered; none if it does not run, or cannot be reached from here.
    pub ready: Option<Result<(), String>>,
    /// What it uses; none if it does not run.
    pub usage: Option<Usage>,
}

impl PartState {
    /// The part.
    pub fn part(&self) -> &str {
        self.container.label(PART_LABEL)
    }

    /// Whether it runs to its end.
    pub fn is_job(&self) -> bool {
        self.container.label(PURPOSE_LABEL) == JOB
    }
}

impl Session {
    /// How the parts of a stack are, of all stacks without a prefix.
    ///
    /// # Errors
    /// If the engine is gone.
    pub async fn stack_state(&self, prefix: Option<&Prefix>) -> Result<Vec<PartState>, Error> {
        let containers = self.stack_containers(prefix).await?;
        let states = containers.into_iter().map(async |container| {
            let is_up = container.is_running();
            let (ready, usage) = match is_up {
                true => tokio::try_join!(self.is_ready(&container), self.engine.usage(&container.id))?,
                false => (None, None),
            };
            Ok::<_, EngineError>(PartState { container, ready, usage })
        });
        Ok(try_join_all(states).await?)
    }

    /// How the part in a container is; none if it does not run.
    pub(super) async fn part_state(&self, id: &str) -> Result<Option<PartState>, Error> {
        let container = self.engine.stack_container(id).await?;
        let Some(container) = container.filter(StackContainer::is_running) else { return Ok(None) };
        let ready = self.is_ready(&container).await?;
        Ok(Some(PartState { container, ready, usage: None }))
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
