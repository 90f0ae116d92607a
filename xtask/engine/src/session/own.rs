//! Containers of our own among the services: owners of a `localhost`, a prober.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Session;
use super::service_image::ServiceImage;
use crate::Error;
use crate::pipeline::Config;
use crate::service::{Body, Dialer, PROBER_IDLE, Place, Plan, Prober, pause_image};

impl Session {
    /// The container that owns a group's `localhost`, with the names of all its members; it runs.
    pub(super) async fn pause(&self, group: &str, plan: &Plan) -> Result<String, Error> {
        let cell = self.stack.pause(group);
        let make = async || {
            let members = plan.groups().remove(group).unwrap_or_default();
            let mut aliases: BTreeSet<String> = members.iter().map(|node| node.name().to_owned()).collect();
            aliases.extend(members.iter().flat_map(|node| node.aliases.iter().cloned()));
            let architecture = self.engine.architecture().await?;
            let pause = pause_image(&architecture).ok_or_else(|| {
                Error::Machine(format!(
                    "a shared localhost needs a program for {architecture}, and there is none: bind services under names"
                ))
            })?;
            let image = self.service_image("pause", &pause.fs).await?;
            let network = self.stack.net().await?.name.clone();
            let place = Place::Network { name: network, hostname: group.to_owned(), aliases };
            self.own_container(&format!("{group}-localhost"), &image, &pause.config, place).await
        };
        cell.get_or_try_init(make).await.cloned()
    }

    /// A container of our own among the services, started.
    async fn own_container(
        &self,
        name: &str,
        image: &ServiceImage,
        config: &Config,
        place: Place,
    ) -> Result<String, Error> {
        self.stack.take_lease().await;
        let labels = self.stack.identity.labels(name);
        let body = Body::new(&image.id, &image.config, config, place, labels);
        let container = self.stack.create(self.stack.identity.name(name), body.request()).await?;
        self.engine.start_container(&container, name).await?;
        Ok(container)
    }

    /// What connects to containers: we ourselves, or a prober where their addresses mean nothing here.
    pub(super) async fn dialer(&self) -> Result<&Dialer, Error> {
        let find = async || {
            let net = self.stack.net().await?;
            let image = match &self.options.prober {
                Some(image) if !net.is_here => image,
                _ => return Ok(Dialer::Direct),
            };
            self.events.detail("containers cannot be reached from here: a prober among them looks at them");
            let prober = crate::pipeline::Container::from(image.clone()).with_entrypoint(PROBER_IDLE);
            let image = self.service_image("prober", &prober.fs).await?;
            let (name, aliases) = (net.name.clone(), BTreeSet::new());
            let place = Place::Network { name, hostname: "prober".into(), aliases };
            let container = self.own_container("prober", &image, &prober.config, place).await?;
            Ok(Dialer::Prober(Arc::new(Prober::new(&self.engine, container))))
        };
        self.stack.dialer.get_or_try_init(find).await
    }
}
