//! Containers of a stack that stays: found by its labels, looked at, renamed, restarted with the
//! engine.

use std::collections::HashMap;
use std::net::IpAddr;

use bollard::errors::Error;
use bollard::models::{
    ContainerInspectResponse, ContainerStatsResponse, ContainerUpdateBody, HealthStatusEnum, RestartPolicy,
    RestartPolicyNameEnum,
};
use bollard::query_parameters::{
    EventsOptionsBuilder, ListContainersOptions, RenameContainerOptions, StatsOptionsBuilder,
};
use futures_util::future::try_join_all;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};

use super::client::Engine;
use super::error::EngineError;
use super::image::Labels;
use super::owned::OwnedKind;

/// A container of a stack, as the engine knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackContainer {
    /// The engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// `running`, `exited`, … in the engine's words.
    pub state: String,
    /// The exit code of its last end.
    pub exit_code: i64,
    /// The kernel ended a process of it for want of memory.
    pub out_of_memory: bool,
    /// The word of the image's own check, where there is one.
    pub health: Option<String>,
    /// When it started last, as the engine writes it (RFC 3339).
    pub started: String,
    /// When it ended last.
    pub finished: String,
    /// Ports of it with the address and the port on the host where they are published.
    pub ports: Vec<(u16, String, u16)>,
    /// Its addresses, by network.
    pub addresses: Vec<(String, String)>,
    /// Whether it has data in a volume.
    pub has_volume: bool,
    /// The id of its image.
    pub image: String,
}

/// A port of the engine's machine that a container has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    /// The container's name.
    pub container: String,
    /// Its labels.
    pub labels: Labels,
    /// The address; none where the engine does not say.
    pub address: Option<IpAddr>,
    /// The port there.
    pub port: u16,
}

impl StackContainer {
    /// Whether its main process runs.
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// Whether it runs, or may in a moment without anybody's doing: one that the engine starts again, or
    /// that is paused, has its ports and its data all the same.
    pub fn may_run(&self) -> bool {
        !matches!(self.state.as_str(), "created" | "exited" | "dead" | "removing")
    }

    /// Whether it ever ran.
    pub fn was_started(&self) -> bool {
        !self.started.is_empty() && !self.started.starts_with("0001-")
    }

    /// A label's value; empty if it has none.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map(String::as_str).unwrap_or_default()
    }
}

impl Engine {
    /// All containers with all of these labels (`NAME=VALUE`), looked at in parallel.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn stack_containers(&self, labels: &[String]) -> Result<Vec<StackContainer>, EngineError> {
        let owned = self.owned(labels).await?;
        let containers = owned.into_iter().filter(|owned| owned.kind == OwnedKind::Container);
        let seen = try_join_all(containers.map(async |owned| self.look_at(&owned.id).await)).await?;
        let mut containers: Vec<StackContainer> = seen.into_iter().flatten().map(stack_container).collect();
        containers.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(containers)
    }

    /// One container; none if it is gone.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn stack_container(&self, id: &str) -> Result<Option<StackContainer>, EngineError> {
        Ok(self.look_at(id).await?.map(stack_container))
    }

    /// Something each time that a container with all of these labels starts or is removed.
    pub fn stack_changes(&self, labels: &[String]) -> BoxStream<'static, Result<(), EngineError>> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let filters = HashMap::from([
            ("type".to_owned(), words(&["container"])),
            ("event".to_owned(), words(&["start", "destroy"])),
            ("label".to_owned(), labels.to_vec()),
        ]);
        let engine = self.clone();
        let events = self.docker().events(Some(EventsOptionsBuilder::default().filters(&filters).build()));
        events
            .map_ok(drop)
            .map_err(move |error| engine.error("follow what happens to containers", error))
            .boxed()
    }

    /// Ports of the engine's machine that running containers have, of whomever.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn published_ports(&self) -> Result<Vec<PublishedPort>, EngineError> {
        let listed = self.docker().list_containers(None::<ListContainersOptions>).await;
        let listed = listed.map_err(|error| self.error("list containers", error))?;
        let ports = listed.into_iter().flat_map(|container| {
            let name = container.names.unwrap_or_default().into_iter().next().unwrap_or_default();
            let labels: Labels = container.labels.unwrap_or_default().into_iter().collect();
            let published = container.ports.unwrap_or_default().into_iter();
            published.filter_map(move |port| {
                Some(PublishedPort {
                    container: name.trim_start_matches('/').to_owned(),
                    labels: labels.clone(),
                    address: port.ip.and_then(|ip| ip.parse().ok()),
                    port: port.public_port?,
                })
            })
        });
        Ok(ports.collect())
    }

    /// Gives a container another name.
    ///
    /// # Errors
    /// If the name is another's, or the engine can't be asked.
    pub async fn rename_container(&self, id: &str, name: &str) -> Result<(), EngineError> {
        let renamed =
            self.docker().rename_container(id, RenameContainerOptions { name: name.to_owned() }).await;
        renamed.map_err(|error| self.error(&format!("name a container {name}"), error))
    }

    /// From now on a container starts again when it ends, and with the engine, until somebody stops it.
    ///
    /// # Errors
    /// If it is gone, or the engine can't be asked.
    pub async fn restart_always(&self, id: &str) -> Result<(), EngineError> {
        let policy =
            RestartPolicy { name: Some(RestartPolicyNameEnum::UNLESS_STOPPED), ..Default::default() };
        let update = ContainerUpdateBody { restart_policy: Some(policy), ..ContainerUpdateBody::default() };
        let updated = self.docker().update_container(id, update).await;
        updated.map_err(|error| self.error("keep a container running", error))
    }
}

fn stack_container(seen: ContainerInspectResponse) -> StackContainer {
    let state = seen.state.unwrap_or_default();
    let network = seen.network_settings.unwrap_or_default();
    let health = state.health.and_then(|health| health.status);
    let health = health.filter(|status| !matches!(status, HealthStatusEnum::NONE | HealthStatusEnum::EMPTY));
    let mut ports = Vec::new();
    for (port, bindings) in network.ports.unwrap_or_default() {
        let port = port.split('/').next().and_then(|port| port.parse().ok());
        for binding in bindings.unwrap_or_default() {
            let host = binding.host_port.and_then(|port| port.parse().ok());
            if let (Some(port), Some(host)) = (port, host) {
                ports.push((port, binding.host_ip.unwrap_or_default(), host));
            }
        }
    }
    ports.sort();
    let networks = network.networks.unwrap_or_default().into_iter();
    StackContainer {
        id: seen.id.unwrap_or_default(),
        name: seen.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        labels: seen.config.and_then(|config| config.labels).unwrap_or_default().into_iter().collect(),
        state: state.status.map(|status| status.to_string()).unwrap_or_default(),
        exit_code: state.exit_code.unwrap_or_default(),
        out_of_memory: state.oom_killed == Some(true),
        health: health.map(|status| status.to_string()),
        started: state.started_at.unwrap_or_default(),
        finished: state.finished_at.unwrap_or_default(),
        ports,
        addresses: networks.filter_map(|(name, end)| Some((name, end.ip_address?))).collect(),
        has_volume: seen.mounts.is_some_and(|mounts| mounts.iter().any(|mount| mount.name.is_some())),
        image: seen.image.unwrap_or_default(),
    }
}

/// What a container uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Seconds of a processor since it started.
    pub cpu_seconds: f64,
    /// Bytes of memory, without what is only there to be read again.
    pub memory: u64,
}

impl Engine {
    /// What a container uses; none if it does not run any more. The engine looks once a second, and
    /// tells what it sees next: a rate would take it two looks.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn usage(&self, id: &str) -> Result<Option<Usage>, EngineError> {
        let options = StatsOptionsBuilder::default().stream(false).one_shot(true).build();
        match Box::pin(self.docker().stats(id, Some(options))).next().await {
            Some(Ok(stats)) => Ok(Some(usage(stats))),
            None | Some(Err(Error::DockerResponseServerError { status_code: 404 | 409, .. })) => Ok(None),
            Some(Err(error)) => Err(self.error("see what a container uses", error)),
        }
    }
}

fn usage(stats: ContainerStatsResponse) -> Usage {
    let cpu = stats.cpu_stats.and_then(|cpu| cpu.cpu_usage?.total_usage).unwrap_or_default();
    let memory = stats.memory_stats.unwrap_or_default();
    // As Docker's client counts: cgroup v1 and v2.
    let seen = memory.stats.unwrap_or_default();
    let cache = seen.get("total_inactive_file").or_else(|| seen.get("inactive_file")).copied();
    let memory = memory.usage.unwrap_or_default().saturating_sub(cache.unwrap_or_default());
    Usage { cpu_seconds: cpu as f64 / 1e9, memory }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_counted_as_dockers_client_does() {
        let stats = serde_json::from_value::<ContainerStatsResponse>(serde_json::json!({
            "cpu_stats": { "cpu_usage": { "total_usage": 2_500_000_000_u64 } },
            "memory_stats": { "usage": 1000, "stats": { "inactive_file": 300 } },
        }));
        assert_eq!(usage(stats.unwrap()), Usage { cpu_seconds: 2.5, memory: 700 });
        assert_eq!(usage(ContainerStatsResponse::default()), Usage { cpu_seconds: 0.0, memory: 0 });
    }
}
