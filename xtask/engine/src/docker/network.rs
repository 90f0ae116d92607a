//! Networks and volumes in the engine.

use std::collections::HashMap;

use bollard::models::{NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{ListContainersOptionsBuilder, RemoveVolumeOptionsBuilder};

use super::client::Engine;
use super::error::EngineError;
use super::image::Labels;

/// An option of a network: the name of its interface.
const BRIDGE_NAME: &str = "com.docker.network.bridge.name";

impl Engine {
    /// Makes a network of the kind that gives its containers names.
    ///
    /// # Errors
    /// If the engine refuses: the name is taken, its addresses are used up.
    pub async fn create_network(&self, name: &str, labels: &Labels) -> Result<(), EngineError> {
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            driver: Some("bridge".into()),
            labels: Some(labels.clone().into_iter().collect()),
            ..NetworkCreateRequest::default()
        };
        let made = self.docker().create_network(request).await;
        made.map(drop).map_err(|error| self.error(&format!("create the network {name}"), error))
    }

    /// The interface of the engine's machine that a network of that kind is.
    ///
    /// # Errors
    /// If there is no such network.
    pub async fn bridge(&self, network: &str) -> Result<String, EngineError> {
        let network = self.docker().inspect_network(network, None).await;
        let network = network.map_err(|error| self.error("look at a network", error))?;
        // As libnetwork names it: drivers/bridge/bridge.go, parseNetworkOptions.
        let id = network.id.unwrap_or_default();
        let own = format!("br-{}", id.get(..12).unwrap_or(&id));
        Ok(network.options.and_then(|mut options| options.remove(BRIDGE_NAME)).unwrap_or(own))
    }

    /// Removes a network.
    ///
    /// # Errors
    /// If containers are in it. One that is gone is none.
    pub async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        self.allowing(&[404], &format!("remove the network {name}"), self.docker().remove_network(name).await)
    }

    /// Makes a volume; one of this name that is there already stays as it is.
    ///
    /// # Errors
    /// If the engine refuses.
    pub async fn create_volume(&self, name: &str, labels: &Labels) -> Result<(), EngineError> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(labels.clone().into_iter().collect()),
            ..VolumeCreateRequest::default()
        };
        let made = self.docker().create_volume(request).await;
        made.map(drop).map_err(|error| self.error(&format!("create the volume {name}"), error))
    }

    /// A label of a volume; empty if it has none.
    ///
    /// # Errors
    /// If there is no such volume, or the engine can't be asked.
    pub async fn volume_label(&self, name: &str, label: &str) -> Result<String, EngineError> {
        let volume = self.docker().inspect_volume(name).await;
        let volume = volume.map_err(|error| self.error(&format!("look at the volume {name}"), error))?;
        Ok(volume.labels.get(label).cloned().unwrap_or_default())
    }

    /// Removes a volume with all that is in it.
    ///
    /// # Errors
    /// If a container uses it. One that is gone is none.
    pub async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveVolumeOptionsBuilder::default().force(true).build();
        let removed = self.docker().remove_volume(name, Some(options)).await;
        self.allowing(&[404], &format!("remove the volume {name}"), removed)
    }

    /// Names of the running containers that use a volume.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn users_of_volume(&self, name: &str) -> Result<Vec<String>, EngineError> {
        let filters = HashMap::from([("volume".to_owned(), vec![name.to_owned()])]);
        let options = ListContainersOptionsBuilder::default().filters(&filters).build();
        let containers = self.docker().list_containers(Some(options)).await;
        let containers = containers.map_err(|error| self.error("list containers", error))?;
        let name = |names: Vec<String>| Some(names.into_iter().next()?.trim_start_matches('/').to_owned());
        Ok(containers.into_iter().filter_map(|container| name(container.names?)).collect())
    }
}
