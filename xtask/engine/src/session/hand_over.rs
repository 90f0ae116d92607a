//! A service behind a router makes room for its successor without a request lost: a stand-by, the
//! same but for its ports on the host, takes the requests until the successor is ready.
//!
//! The ports are why there are two: two containers cannot have one of them, and a container's ports
//! are for life.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bollard::models::ContainerCreateBody;

use super::Session;
use crate::Error;
use crate::docker::DEFINITION_LABEL;
use crate::pipeline::Readiness;
use crate::service::{Body, Log, Node, Place, Probe, Running, Staying, Target};

/// How long a router may take to do as it is told.
const ROUTED: Duration = Duration::from_secs(20);
/// How long requests that are under way may go on: the router tells nobody how many there are.
/// Whoever asks anew is with the new one already, so it costs nobody time.
const DRAIN: Duration = Duration::from_secs(2);
/// How long a stand-by may take to end by itself, in seconds.
const GRACE: i32 = 3;

/// The container that stands by.
pub(super) struct StandBy {
    /// Its name among containers, and on the network.
    pub(super) name: String,
    pub(super) body: ContainerCreateBody,
}

impl StandBy {
    /// For the part of that name, whose container is `body`; `session` sets it apart from others.
    pub(super) fn of(part: &str, session: &str, body: &Body<'_>) -> Self {
        let name = format!("{part}-{session}");
        let mut body = body.clone();
        body.published.clear();
        body.labels.remove(DEFINITION_LABEL); // it is never taken for the part itself
        // It answers to no name of the part's: who asks for that is to reach the successor. The engine makes
        // a host name an alias, too (moby, `daemon/container_operations.go`).
        if let Place::Network { hostname, aliases, .. } = &mut body.place {
            hostname.clone_from(&name);
            *aliases = BTreeSet::from([name.clone()]);
        }
        Self { name, body: body.request() }
    }
}

impl Session {
    /// Starts the stand-by, waits until it is ready, and has the router pass requests to it. Gives its
    /// id; nothing if the router is new itself, and nobody comes through it yet.
    pub(super) async fn stand_by(
        &self,
        node: &Node,
        running: &Running,
        staying: &Staying,
        stand_by: StandBy,
    ) -> Result<Option<String>, Error> {
        let Some(router) = staying.router().await else { return Ok(None) };
        let StandBy { name, body } = stand_by;
        let id = self.stack.create(staying.lasting.prefix.name(&name), body).await?;
        self.put_secrets(node.name(), &node.service.0.config, &id).await?;
        let output = self.engine.attach(&id).await?;
        let started = Instant::now();
        self.engine.start_container(&id, &name).await?;
        let log = self.follow(node, &name, output);
        let looking = self.probe_of(node, &id, log.clone());
        let ended = &mut self.end_of(id.clone());
        let ready = self.is_ready_in_time(node, looking, ended, started).await?;
        if let Err(why) = ready {
            let _ = running.log.set(log);
            return Err(self.service_failed(running, why).await);
        }
        self.route(staying, &router, node.name(), &name).await?;
        Ok(Some(id))
    }

    /// The successor is ready: it gets the requests, and the stand-by goes. The router finds it by its
    /// address: by its name only once that is not to change any more.
    pub(super) async fn stand_down(
        &self,
        node: &Node,
        staying: &Staying,
        stand_by: &str,
        successor: &str,
    ) -> Result<(), Error> {
        if let Some(router) = staying.router().await {
            let address = self.engine.address(successor, &self.stack.net().await?.name).await?;
            self.route(staying, &router, node.name(), &address.to_string()).await?;
        }
        self.engine.stop_container(stand_by, GRACE).await?;
        Ok(self.engine.remove_container(stand_by).await?)
    }

    /// Has the router pass a service's requests to a host, and waits until it does and those under way
    /// are answered.
    async fn route(&self, staying: &Staying, router: &str, service: &str, host: &str) -> Result<(), Error> {
        staying.route(&self.engine, router, service, host).await?;
        self.is_routed(staying, router, service, host).await?;
        tokio::time::sleep(DRAIN).await;
        Ok(())
    }

    /// Has a router that goes on pass requests on to all by their own names: this run, or one that was
    /// killed, has led it elsewhere.
    pub(super) async fn route_to_own(&self, staying: &Staying) -> Result<(), Error> {
        let (Some(known), Some(router)) = (&staying.lasting.router, staying.router().await) else {
            return Ok(());
        };
        staying.route_to_own(&self.engine, &router).await?;
        for service in &known.behind {
            self.is_routed(staying, &router, service, service).await?;
        }
        Ok(())
    }

    /// Waits until the router passes a service's requests to a host.
    async fn is_routed(
        &self,
        staying: &Staying,
        router: &str,
        service: &str,
        host: &str,
    ) -> Result<(), Error> {
        let Some(known) = &staying.lasting.router else { return Ok(()) };
        let shows = (known.shows)(service, host);
        let probe = self.probe_by(&known.service, router, &shows, Arc::new(Log::none())).await?;
        match tokio::time::timeout(ROUTED, probe.ready()).await {
            Ok(seen) => seen?.map_err(Error::Machine),
            Err(_) => Err(Error::Machine(format!(
                "{} did not pass {service} on to its new container within {} s: {}; its log says more",
                known.service,
                ROUTED.as_secs(),
                probe.last()
            ))),
        }
    }

    async fn probe_of(&self, node: &Node, id: &str, log: Arc<Log>) -> Result<Probe, Error> {
        let definition = &node.service.0;
        let readiness = Readiness::or_default(definition.readiness.as_ref(), &definition.config.ports);
        self.probe_by(node.name(), id, &readiness, log).await
    }

    async fn probe_by(
        &self,
        service: &str,
        id: &str,
        readiness: &Readiness,
        log: Arc<Log>,
    ) -> Result<Probe, Error> {
        let network = &self.stack.net().await?.name;
        let target = Target {
            engine: self.engine.clone(),
            container: id.to_owned(),
            service: service.to_owned(),
            address: self.engine.address(id, network).await?,
            dialer: self.dialer().await?.clone(),
            ports: Vec::new(),
            log,
        };
        Ok(Probe::new(Some(readiness), target))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::docker::Labels;
    use crate::pipeline::{Container, ImageConfig};
    use crate::service::Published;

    #[test]
    fn a_stand_by_has_no_name_and_no_port_of_the_part() {
        let (image, container) = (ImageConfig::default(), Container::scratch());
        let place = Place::Network {
            name: "net".into(),
            hostname: "crux".into(),
            aliases: BTreeSet::from(["crux".into(), "api".into()]),
        };
        let labels = Labels::from([(DEFINITION_LABEL.to_owned(), "0a".to_owned())]);
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let published = vec![Published { port: 1848, address, host_port: 1848 }];
        let part = Body { published, ..Body::new("", &image, &container.config, place, labels) };
        let StandBy { name, body } = StandBy::of("crux", "1234", &part);
        assert_eq!(name, "crux-1234");
        assert_eq!(body.hostname.as_deref(), Some("crux-1234"), "the engine answers to it");
        let endpoints = body.networking_config.unwrap().endpoints_config.unwrap();
        assert_eq!(endpoints["net"].aliases, Some(vec!["crux-1234".to_owned()]));
        assert_eq!(body.host_config.unwrap().port_bindings, None);
        assert!(!body.labels.unwrap().contains_key(DEFINITION_LABEL));
    }
}
