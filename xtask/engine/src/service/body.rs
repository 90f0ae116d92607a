//! The container that a service becomes, as the engine's API takes it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountType,
    NetworkingConfig, PortBinding, PortMap,
};

use super::Published;
use crate::docker::Labels;
use crate::pipeline::{Config, ImageConfig, Readiness};

/// `/dev/shm`: browsers and databases need more than the engine's 64 MB. Only what is used counts.
const SHARED_MEMORY: i64 = 1 << 30;
/// What the engine keeps of a container's output, at most: we keep all of it as it comes.
const LOG_SIZE: &str = "64m";

/// Where a container is on the network.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In a network, under names.
    Network { name: String, hostname: String, aliases: BTreeSet<String> },
    /// In the network namespace of another container.
    Joined { container: String },
}

/// All that a container is made of.
#[derive(Clone)]
pub(crate) struct Body<'a> {
    pub(crate) image: String,
    pub(crate) image_config: &'a ImageConfig,
    pub(crate) config: &'a Config,
    /// A command of its own, in place of entry point and arguments.
    pub(crate) command: Option<Vec<String>>,
    /// Variables whose values were secret, and what a run adds.
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) readiness: Option<&'a Readiness>,
    pub(crate) place: Place,
    /// Volumes of the engine's by the paths they are at.
    pub(crate) volumes: Vec<(String, String)>,
    pub(crate) memory: Option<u64>,
    /// Ports that are published on the host.
    pub(crate) published: Vec<Published>,
    /// Further names that it finds, as `NAME:ADDRESS`.
    pub(crate) host_entries: Vec<String>,
    pub(crate) labels: Labels,
}

impl<'a> Body<'a> {
    /// A container that has nothing but this.
    pub(crate) fn new(
        image: &str,
        image_config: &'a ImageConfig,
        config: &'a Config,
        place: Place,
        labels: Labels,
    ) -> Self {
        Self {
            image: image.to_owned(),
            image_config,
            config,
            command: None,
            variables: BTreeMap::new(),
            readiness: None,
            place,
            volumes: Vec::new(),
            memory: None,
            published: Vec::new(),
            host_entries: Vec::new(),
            labels,
        }
    }

    /// The request that makes the container.
    pub(crate) fn request(self) -> ContainerCreateBody {
        let (entrypoint, cmd) = self.words();
        let env = self.env().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (network_mode, networking, hostname) = network(self.place);
        let published = port_map(&self.published);
        let log = HashMap::from([("max-size".to_owned(), LOG_SIZE.to_owned())]);
        let memory = self.memory.and_then(|bytes| i64::try_from(bytes).ok());
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let workdir =
            self.config.workdir.as_ref().map_or(self.image_config.workdir.as_str(), |path| path.as_str());
        ContainerCreateBody {
            image: Some(self.image),
            entrypoint: Some(entrypoint),
            cmd: Some(cmd),
            env: Some(env),
            user: Some(self.config.user.clone().unwrap_or_else(|| self.image_config.user.clone())),
            working_dir: text(workdir),
            hostname,
            labels: Some(self.labels.into_iter().collect()),
            exposed_ports: published.as_ref().map(|ports| ports.keys().cloned().collect()),
            stop_signal: text(&self.image_config.stop_signal),
            healthcheck: Some(healthcheck(self.image_config, self.readiness)),
            host_config: Some(HostConfig {
                network_mode: Some(network_mode),
                mounts: Some(self.volumes.into_iter().map(mount).collect()),
                shm_size: Some(SHARED_MEMORY),
                memory,
                memory_swap: memory, // no swap on top of it
                port_bindings: published,
                extra_hosts: (!self.host_entries.is_empty()).then_some(self.host_entries),
                // Whatever the engine's default is: not all of them can be read.
                log_config: Some(HostConfigLogConfig { typ: Some("json-file".into()), config: Some(log) }),
                ..HostConfig::default()
            }),
            networking_config: networking,
            ..ContainerCreateBody::default()
        }
    }

    /// Whether there is anything to run.
    pub(crate) fn runs_something(&self) -> bool {
        let (entrypoint, cmd) = self.words();
        !entrypoint.is_empty() || !cmd.is_empty()
    }

    /// Entry point and command. A new entry point makes the image's command meaningless, as in
    /// Docker.
    fn words(&self) -> (Vec<String>, Vec<String>) {
        if let Some(command) = &self.command {
            return (Vec::new(), command.clone());
        }
        let entrypoint = self.config.entrypoint.as_ref();
        let cmd = match (&self.config.args, entrypoint) {
            (Some(args), _) => args.clone(),
            (None, Some(_)) => Vec::new(),
            (None, None) => self.image_config.cmd.clone(),
        };
        (entrypoint.unwrap_or(&self.image_config.entrypoint).clone(), cmd)
    }

    /// All variables: the image's, and over them the container's.
    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        let mut env: BTreeMap<String, String> = self.image_config.variables().collect();
        env.extend(self.config.env.iter().cloned());
        env.extend(self.variables.clone());
        env
    }
}

/// As the API takes it; none for none.
fn port_map(published: &[Published]) -> Option<PortMap> {
    let mut map = PortMap::new();
    for Published { port, address, host_port } in published {
        let binding =
            PortBinding { host_ip: Some(address.to_string()), host_port: Some(host_port.to_string()) };
        map.entry(format!("{port}/tcp")).or_default().get_or_insert_default().push(binding);
    }
    (!map.is_empty()).then_some(map)
}

fn network(place: Place) -> (String, Option<NetworkingConfig>, Option<String>) {
    match place {
        Place::Network { name, hostname, aliases } => {
            let endpoint = EndpointSettings {
                aliases: Some(aliases.into_iter().collect()),
                ..EndpointSettings::default()
            };
            let endpoints = HashMap::from([(name.clone(), endpoint)]);
            (name, Some(NetworkingConfig { endpoints_config: Some(endpoints) }), Some(hostname))
        }
        Place::Joined { container } => (format!("container:{container}"), None, None),
    }
}

/// The image's check if somebody looks at it; else none, which saves the engine the work.
fn healthcheck(image: &ImageConfig, readiness: Option<&Readiness>) -> HealthConfig {
    match (&image.healthcheck, readiness) {
        (Some(check), Some(Readiness::Healthcheck)) => HealthConfig {
            test: Some(check.test.clone()),
            interval: Some(check.interval),
            timeout: Some(check.timeout),
            start_period: Some(check.start_period),
            retries: Some(check.retries),
            ..HealthConfig::default()
        },
        _ => HealthConfig { test: Some(vec!["NONE".into()]), ..HealthConfig::default() },
    }
}

fn mount((path, volume): (String, String)) -> Mount {
    Mount { target: Some(path), source: Some(volume), typ: Some(MountType::VOLUME), ..Mount::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Container;

    fn words(config: &Config, image: &ImageConfig) -> (Vec<String>, Vec<String>) {
        let place = Place::Joined { container: "0".into() };
        let request = Body::new("", image, config, place, Labels::new()).request();
        (request.entrypoint.unwrap(), request.cmd.unwrap())
    }

    #[test]
    fn entry_point_and_arguments_are_combined_as_docker_does() {
        let vec = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let image = ImageConfig { entrypoint: vec(&["e"]), cmd: vec(&["c"]), ..ImageConfig::default() };
        let container = Container::scratch();
        assert_eq!(words(&container.config, &image), (vec(&["e"]), vec(&["c"])));
        assert_eq!(words(&container.with_default_args(["a"]).config, &image), (vec(&["e"]), vec(&["a"])));
        let own = container.with_entrypoint(["own"]);
        assert_eq!(words(&own.config, &image), (vec(&["own"]), vec(&[])));
        assert_eq!(words(&own.with_default_args(["a"]).config, &image), (vec(&["own"]), vec(&["a"])));
    }
}
