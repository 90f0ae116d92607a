//! What is ours in the engine: known by its labels, found by them, removed by them.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
};
use futures_util::future::join_all;

use super::client::Engine;
use super::error::EngineError;
use super::image::Labels;

/// The session that made it.
pub const SESSION_LABEL: &str = "xtask.session";
/// `session` (dies with its session, unless a person asked to leave it), `kept` (data) or `stack`
/// (stays until a person takes it down).
pub const KIND_LABEL: &str = "xtask.kind";
/// The task it was made for: `e2e`.
pub const TASK_LABEL: &str = "xtask.task";
/// The part it runs: `crux`.
pub const PART_LABEL: &str = "xtask.part";
/// The checkout whose data are kept in it.
pub const OWNER_LABEL: &str = "xtask.owner";
/// The machine and user it belongs to.
pub const HOST_LABEL: &str = "xtask.host";
/// Of a stack that stays: what it is called.
pub const PREFIX_LABEL: &str = "xtask.prefix";
/// Of a stack that stays: the session that made it, which takes it away again if it fails.
pub const UP_LABEL: &str = "xtask.up";
/// Of a container of such a stack: the digest of all that it is made of.
pub const DEFINITION_LABEL: &str = "xtask.definition";
/// Of such a container: `service` or `job`.
pub const PURPOSE_LABEL: &str = "xtask.purpose";
/// Of such a container: what shows that it is ready, as JSON.
pub const READINESS_LABEL: &str = "xtask.readiness";
/// Of such a container: the image that it is made from, as the application names it.
pub const IMAGE_LABEL: &str = "xtask.image";
/// Of such a container: how the image differs from that one, if another stands in for it.
pub const STAND_IN_LABEL: &str = "xtask.stand-in";

/// How often what is left is listed again, and how long a list may go on not getting empty.
const LISTS: u32 = 40;
const BETWEEN_LISTS: Duration = Duration::from_millis(50);

/// Something of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owned {
    /// What it is.
    pub kind: OwnedKind,
    /// How the engine knows it.
    pub id: String,
    /// How people know it.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// For a container, how it is: `Up 5 minutes`.
    pub status: String,
}

/// What something of ours is, in the order in which it can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnedKind {
    /// A container.
    Container,
    /// A network.
    Network,
    /// A volume.
    Volume,
}

impl OwnedKind {
    /// As a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Network => "network",
            Self::Volume => "volume",
        }
    }
}

impl Engine {
    /// All containers, networks and volumes that have all of these labels (`NAME` or
    /// `NAME=VALUE`).
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn owned(&self, labels: &[String]) -> Result<Vec<Owned>, EngineError> {
        let (containers, networks, volumes) = tokio::try_join!(
            self.owned_containers(labels),
            self.owned_networks(labels),
            self.owned_volumes(labels)
        )?;
        Ok([containers, networks, volumes].concat())
    }

    async fn owned_containers(&self, labels: &[String]) -> Result<Vec<Owned>, EngineError> {
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters(labels)).build();
        let listed = self.docker().list_containers(Some(options)).await;
        let listed = listed.map_err(|error| self.error("list containers", error))?;
        let owned = |container: bollard::models::ContainerSummary| {
            let name = container.names.unwrap_or_default().into_iter().next().unwrap_or_default();
            Owned {
                kind: OwnedKind::Container,
                id: container.id.unwrap_or_default(),
                name: name.trim_start_matches('/').to_owned(),
                labels: container.labels.unwrap_or_default().into_iter().collect(),
                status: container.status.unwrap_or_default(),
            }
        };
        Ok(listed.into_iter().map(owned).collect())
    }

    async fn owned_networks(&self, labels: &[String]) -> Result<Vec<Owned>, EngineError> {
        let options = ListNetworksOptionsBuilder::default().filters(&filters(labels)).build();
        let listed = self.docker().list_networks(Some(options)).await;
        let listed = listed.map_err(|error| self.error("list networks", error))?;
        let owned = |network: bollard::models::Network| Owned {
            kind: OwnedKind::Network,
            id: network.id.unwrap_or_default(),
            name: network.name.unwrap_or_default(),
            labels: network.labels.unwrap_or_default().into_iter().collect(),
            status: String::new(),
        };
        Ok(listed.into_iter().map(owned).collect())
    }

    async fn owned_volumes(&self, labels: &[String]) -> Result<Vec<Owned>, EngineError> {
        let options = ListVolumesOptionsBuilder::default().filters(&filters(labels)).build();
        let listed = self.docker().list_volumes(Some(options)).await;
        let listed = listed.map_err(|error| self.error("list volumes", error))?;
        let owned = |volume: bollard::models::Volume| Owned {
            kind: OwnedKind::Volume,
            id: volume.name.clone(),
            name: volume.name,
            labels: volume.labels.into_iter().collect(),
            status: String::new(),
        };
        Ok(listed.volumes.unwrap_or_default().into_iter().map(owned).collect())
    }

    /// Removes all containers, networks and volumes that have all of these labels, and lists again
    /// until nothing is left: the engine may be finishing a request of somebody who is gone. Gives
    /// how many it removed.
    ///
    /// # Errors
    /// If the engine is gone, or something cannot be removed.
    pub async fn sweep(&self, labels: &[String]) -> Result<usize, EngineError> {
        let mut seen = BTreeSet::new();
        for attempt in 0..LISTS {
            let found = self.owned(labels).await?;
            if found.is_empty() {
                break;
            }
            if attempt > 0 {
                tokio::time::sleep(BETWEEN_LISTS).await;
            }
            let result = self.remove_owned(&found).await;
            seen.extend(found.into_iter().map(|owned| owned.id));
            if attempt + 1 == LISTS {
                result?;
            } else if let Err(error @ (EngineError::Gone { .. } | EngineError::DoesNotAnswer { .. })) = result
            {
                return Err(error);
            }
        }
        Ok(seen.len())
    }

    /// Removes these: containers first and all at once, then what they used, all at once, too.
    ///
    /// # Errors
    /// The first that could not be removed, after all others were.
    pub async fn remove_owned(&self, owned: &[Owned]) -> Result<(), EngineError> {
        let mut first = Ok(());
        let (containers, others): (Vec<&Owned>, _) =
            owned.iter().partition(|owned| owned.kind == OwnedKind::Container);
        for these in [containers, others] {
            let removed = join_all(these.into_iter().map(async |owned| match owned.kind {
                OwnedKind::Container => self.remove_container(&owned.id).await,
                OwnedKind::Network => self.remove_network(&owned.id).await,
                OwnedKind::Volume => self.remove_volume(&owned.id).await,
            }));
            for result in removed.await {
                first = first.and(result);
            }
        }
        first
    }
}

fn filters(labels: &[String]) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), labels.to_vec())])
}

/// The labels that find all of a session.
pub(crate) fn of_session(session: &str) -> [String; 1] {
    [format!("{SESSION_LABEL}={session}")]
}
