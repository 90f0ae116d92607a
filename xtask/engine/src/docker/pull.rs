//! Pulling an image.

use std::collections::HashMap;
use std::time::Duration;

use bollard::BollardRequest;
use bollard::errors::Error;
use bollard::models::{CreateImageInfo, ProgressDetail};
use bollard::query_parameters::CreateImageOptions;
use futures_util::StreamExt;
use hyper::header::{HeaderName, HeaderValue};

use super::client::Engine;
use super::credentials::Credentials;
use super::error::EngineError;
use super::pull_error::PullError;
use super::reference::ImageReference;

/// The engine says nothing before the registry answers, and tries several times.
const FIRST_WORDS: Duration = Duration::from_secs(600);

/// How far a pull is: bytes of the layers, compressed, as far as their sizes are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PullProgress {
    /// Bytes that have come.
    pub current: u64,
    /// Bytes in all; grows while the engine learns of layers.
    pub total: u64,
}

impl Engine {
    /// Pulls `image` for `platform` (`linux/amd64`; none: the engine's own). `progress` is called
    /// whenever more has come.
    ///
    /// # Errors
    /// Sorted by what can be done about them; see [`PullError`].
    pub async fn pull(
        &self,
        image: &ImageReference,
        platform: Option<&str>,
        credentials: Option<&Credentials>,
        mut progress: impl FnMut(PullProgress),
    ) -> Result<(), PullError> {
        let action = format!("pull {image}");
        let mut docker = self.docker().clone().with_timeout(FIRST_WORDS);
        if let Some(credentials) = credentials {
            let value = HeaderValue::try_from(credentials.header(image.registry()));
            let mut value =
                value.map_err(|error| self.error(&action, Error::HttpClientError { err: error.into() }))?;
            value.set_sensitive(true);
            docker = docker.with_request_modifier(move |mut request: BollardRequest| {
                request.headers_mut().insert(HeaderName::from_static("x-registry-auth"), value.clone());
                request
            });
        }
        let options = CreateImageOptions {
            from_image: Some(image.name()),
            // The engine takes a digest in the same place.
            tag: image.digest().or(image.tag()).map(Into::into),
            platform: platform.unwrap_or_default().into(),
            ..CreateImageOptions::default()
        };
        let mut layers = Layers::default();
        let mut answers = docker.create_image(Some(options), None, None);
        while let Some(answer) = answers.next().await {
            let answer = answer.map_err(|error| PullError::of(self, image, &action, error))?;
            if let Some(now) = layers.take(answer) {
                progress(now);
            }
        }
        // Podman reports some errors in a way that bollard does not see.
        match self.image(&image.full()).await? {
            Some(_) => Ok(()),
            None => {
                let message = "it ended without an error, but the image is not there".into();
                Err(EngineError::Refused { action, status: 0, message }.into())
            }
        }
    }
}

/// The layers of a pull, by id.
#[derive(Default)]
struct Layers {
    sizes: HashMap<String, PullProgress>,
    told: PullProgress,
}

impl Layers {
    /// The new sum, if `answer` changed it.
    fn take(&mut self, answer: CreateImageInfo) -> Option<PullProgress> {
        let (id, status) = (answer.id?, answer.status?);
        let number =
            |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default();
        match status.as_str() {
            "Downloading" => {
                let ProgressDetail { current, total } = answer.progress_detail?;
                let (current, total) = (number(current), number(total));
                self.sizes.insert(id, PullProgress { current, total: total.max(current) });
            }
            // From here on the numbers are those of unpacking.
            "Download complete" | "Verifying Checksum" | "Extracting" | "Pull complete" => {
                let layer = self.sizes.get_mut(&id)?;
                layer.current = layer.total;
            }
            _ => return None,
        }
        let sum = self.sizes.values().fold(PullProgress::default(), |sum, layer| PullProgress {
            current: sum.current + layer.current,
            total: sum.total + layer.total,
        });
        (sum != self.told).then(|| {
            self.told = sum;
            sum
        })
    }
}

#[cfg(test)]
mod tests;
