//! Images in the engine: looking at one, removing one.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::HealthConfig;
use bollard::query_parameters::RemoveImageOptions;

use super::client::Engine;
use super::error::EngineError;
use super::reference::{ImageReference, ReferenceError};
use crate::pipeline::Healthcheck;

/// Labels of an image or a container.
pub type Labels = BTreeMap<String, String>;

/// What the engine knows of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageInfo {
    /// `sha256:…`.
    pub id: String,
    /// Variables as `NAME=value`.
    pub env: Vec<String>,
    /// The working directory; empty means `/`.
    pub workdir: String,
    /// The user; empty means root.
    pub user: String,
    /// The entry point; may be empty.
    pub entrypoint: Vec<String>,
    /// The command, or the entry point's arguments; may be empty.
    pub cmd: Vec<String>,
    /// The signal that asks its main process to end; empty for `SIGTERM`.
    pub stop_signal: String,
    /// Its `HEALTHCHECK`, if it has one.
    pub healthcheck: Option<Healthcheck>,
    /// Its labels.
    pub labels: Labels,
    /// In Go's words: `amd64`.
    pub architecture: String,
    /// `linux`.
    pub os: String,
    /// Bytes on the engine's disk, layers shared with other images included.
    pub size: u64,
}

impl Engine {
    /// What the engine knows of `image` (a name or an id); none if it has no such image.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn image(&self, image: &str) -> Result<Option<ImageInfo>, EngineError> {
        let action = format!("look for the image {image}");
        check_name(image, &action)?;
        let inspected = match self.docker().inspect_image(image).await {
            Ok(inspected) => inspected,
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(None),
            Err(error) => return Err(self.error(&action, error)),
        };
        let config = inspected.config.unwrap_or_default();
        Ok(Some(ImageInfo {
            id: inspected.id.unwrap_or_default(),
            env: config.env.unwrap_or_default(),
            workdir: config.working_dir.unwrap_or_default(),
            user: config.user.unwrap_or_default(),
            entrypoint: config.entrypoint.unwrap_or_default(),
            cmd: config.cmd.unwrap_or_default(),
            stop_signal: config.stop_signal.unwrap_or_default(),
            healthcheck: config.healthcheck.map(healthcheck),
            labels: config.labels.unwrap_or_default().into_iter().collect(),
            architecture: inspected.architecture.unwrap_or_default(),
            os: inspected.os.unwrap_or_default(),
            size: inspected.size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
        }))
    }

    /// Whether an image got its latest name longer ago than `age`; false if there is none.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub(crate) async fn tagged_before(&self, image: &str, age: Duration) -> Result<bool, EngineError> {
        let action = format!("look for the image {image}");
        check_name(image, &action)?;
        let inspected = match self.docker().inspect_image(image).await {
            Ok(inspected) => inspected,
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(false),
            Err(error) => return Err(self.error(&action, error)),
        };
        let tagged = inspected.metadata.and_then(|metadata| metadata.last_tag_time);
        let tagged = tagged.and_then(|at| humantime::parse_rfc3339_weak(at.get(..19)?).ok());
        Ok(tagged.is_some_and(|at| at.elapsed().unwrap_or_default() > age))
    }

    /// Removes the name `image`, and the image itself if it has no other; false if there is none.
    ///
    /// # Errors
    /// If a container uses it or the engine can't be asked.
    pub async fn remove_image(&self, image: &str) -> Result<bool, EngineError> {
        let action = format!("remove the image {image}");
        check_name(image, &action)?;
        match self.docker().remove_image(image, None::<RemoveImageOptions>, None).await {
            Ok(_) => Ok(true),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
            Err(error) => Err(self.error(&action, error)),
        }
    }
}

fn healthcheck(config: HealthConfig) -> Healthcheck {
    Healthcheck {
        test: config.test.unwrap_or_default(),
        interval: config.interval.unwrap_or_default(),
        timeout: config.timeout.unwrap_or_default(),
        start_period: config.start_period.unwrap_or_default(),
        retries: config.retries.unwrap_or_default(),
    }
}

/// Whatever becomes part of a request's path must not change which request it is.
pub(super) fn check_name(image: &str, action: &str) -> Result<(), EngineError> {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@[]".contains(&byte);
    if image.is_empty()
        || !image.bytes().all(is_fine)
        || image.split('/').any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Err(refused(action, "that is not the name of an image"));
    }
    Ok(())
}

pub(crate) fn refused(action: &str, reason: &str) -> EngineError {
    EngineError::Refused { action: action.into(), status: 0, message: reason.into() }
}

/// The repository and the tag of a new image's name. Checked before anything is made: Docker makes
/// the image first and finds out about its name then.
pub(super) fn new_name(name: &str, action: &str) -> Result<(String, String), EngineError> {
    let reference: ImageReference =
        name.parse().map_err(|error: ReferenceError| refused(action, &error.to_string()))?;
    match reference.tag() {
        Some(tag) if reference.digest().is_none() => Ok((reference.name(), tag.to_owned())),
        _ => Err(refused(action, "a new image's name has no digest")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_not_become_another_request() {
        for name in ["", "..", "a/../b", "a?force=1", "a#b", "a b", "a//b", "%2e%2e"] {
            assert!(check_name(name, "look").is_err(), "{name}");
        }
        for name in ["node:20", "sha256:0123", "localhost:5000/a@sha256:01", "[::1]:5000/a"] {
            assert!(check_name(name, "look").is_ok(), "{name}");
        }
    }
}
