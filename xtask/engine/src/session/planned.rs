//! What a session would run, told without running it: for whoever runs the same by other means.

use std::collections::{BTreeMap, BTreeSet};

use super::Session;
use crate::Error;
use crate::docker::Labels;
use crate::pipeline::{Lifetime, MountSource, Readiness, Service};
use crate::service::{Node, Place, Plan};

/// The container of a service or a job, as [`Session::start`] would make it. Its image is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedContainer {
    /// The service's name, by which the others find it.
    pub name: String,
    /// More names by which they do.
    pub aliases: BTreeSet<String>,
    /// Whether it runs to its end.
    pub is_job: bool,
    /// The image, as the engine knows it.
    pub image: String,
    /// The entry point; empty if there is none.
    pub entrypoint: Vec<String>,
    /// The command, or the entry point's arguments.
    pub command: Vec<String>,
    /// All variables, the image's and secret ones too, by name.
    pub variables: BTreeMap<String, String>,
    /// The user, as the engine takes it; empty: root.
    pub user: String,
    /// The working directory; empty: the root.
    pub workdir: String,
    /// The signal that asks it to end; empty: SIGTERM.
    pub stop_signal: String,
    /// What must be ready, or have ended well, before it starts.
    pub needs: BTreeSet<String>,
    /// When it counts as ready, if somebody said.
    pub readiness: Option<Readiness>,
    /// Its exposed ports.
    pub ports: Vec<u16>,
    /// Volumes that die with the session, and where they are in the container.
    pub volumes: Vec<(String, String)>,
}

impl Session {
    /// The containers that [`Session::start`] would make for `services` and all that they need, each
    /// after those. Images are made; nothing starts.
    ///
    /// # Errors
    /// As [`Session::start`] before anything starts. [`Error::Usage`] if services share a
    /// `localhost`, mount secrets or keep their data: that is not told.
    pub async fn planned(&self, services: &[&Service]) -> Result<Vec<PlannedContainer>, Error> {
        let plan = Plan::of(services, None)?;
        let mut planned = Vec::new();
        for node in &plan.nodes {
            planned.push(self.planned_container(node, &plan).await?);
        }
        Ok(planned)
    }

    async fn planned_container(&self, node: &Node, plan: &Plan) -> Result<PlannedContainer, Error> {
        let definition = &*node.service.0;
        let kept = definition.volumes.iter().any(|(_, volume)| volume.lifetime == Lifetime::Kept);
        // A cache is a step's; a container works without.
        let is_mount = |source: &MountSource| !matches!(source, MountSource::Cache(_));
        let mounts = definition.config.mounts.iter().any(|mount| is_mount(&mount.source));
        if node.group.is_some() || kept || mounts {
            return Err(Error::Usage(format!(
                "{}: only a service without mounts, kept data and a shared localhost can be run by other means",
                node.name()
            )));
        }
        let image = self.service_image(plan.image_name(node), &definition.fs).await?;
        let nowhere = Place::Network {
            name: String::new(),
            hostname: node.name().to_owned(),
            aliases: node.aliases.clone(),
        };
        let body = self.service_body(node, &image, nowhere, Labels::new()).await?;
        let variables = body.env();
        let request = body.request();
        let volumes = definition.volumes.iter();
        Ok(PlannedContainer {
            name: node.name().to_owned(),
            aliases: node.aliases.clone(),
            is_job: node.service.is_job(),
            image: image.id,
            entrypoint: request.entrypoint.unwrap_or_default(),
            command: request.cmd.unwrap_or_default(),
            variables,
            user: request.user.unwrap_or_default(),
            workdir: request.working_dir.unwrap_or_default(),
            stop_signal: request.stop_signal.unwrap_or_default(),
            needs: node.waits_for.clone(),
            readiness: definition.readiness.clone(),
            ports: definition.config.ports.clone(),
            volumes: volumes.map(|(path, volume)| (volume.name.clone(), path.as_str().to_owned())).collect(),
        })
    }

    /// Labels by which something else in the engine is removed with what runs for this session,
    /// however the session ends: from now on somebody watches over it.
    pub async fn labels(&self) -> Labels {
        self.stack.take_lease().await;
        self.stack.identity.labels("")
    }
}
