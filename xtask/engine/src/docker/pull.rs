//! Pulling an image, and what its failure means.

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

/// Why an image could not be pulled. `said` are the engine's words.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The registry can't be reached from the engine.
    #[error(
        "cannot pull {image}: the registry {registry} cannot be reached from the container engine ({said}); check the \
         network and the engine's proxy settings"
    )]
    Unreachable {
        /// The image.
        image: String,
        /// Its registry.
        registry: String,
        /// The engine's words.
        said: String,
    },
    /// The registry's certificate is not trusted, or it does not speak TLS.
    #[error(
        "cannot pull {image}: the container engine does not trust the registry {registry} ({said}); put the certificate \
         of the authority that signed it into /etc/docker/certs.d/{registry}/ca.crt on the engine's machine, or, for a \
         registry without TLS, name it under `insecure-registries` in /etc/docker/daemon.json"
    )]
    Untrusted {
        /// The image.
        image: String,
        /// Its registry.
        registry: String,
        /// The engine's words.
        said: String,
    },
    /// The registry wants a login, or another one.
    #[error(
        "cannot pull {image}: the registry {registry} does not allow it ({said}); log in with `docker login {registry}` \
         and check the image's name"
    )]
    Denied {
        /// The image.
        image: String,
        /// Its registry.
        registry: String,
        /// The engine's words.
        said: String,
    },
    /// The registry has no such image, or not for this platform.
    #[error(
        "cannot pull {image}: the registry {registry} has no such image ({said}); check its name, tag and platform"
    )]
    NotFound {
        /// The image.
        image: String,
        /// Its registry.
        registry: String,
        /// The engine's words.
        said: String,
    },
    /// The registry's limit of pulls is used up.
    #[error(
        "cannot pull {image}: the registry {registry} refuses more pulls for now ({said}); wait, or log in with `docker \
         login {registry}` for a higher limit"
    )]
    TooManyRequests {
        /// The image.
        image: String,
        /// Its registry.
        registry: String,
        /// The engine's words.
        said: String,
    },
    /// Something else; the engine's own words.
    #[error(transparent)]
    Engine(#[from] EngineError),
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
            let answer = answer.map_err(|error| self.classify(image, &action, error))?;
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

    fn classify(&self, image: &ImageReference, action: &str, error: Error) -> PullError {
        let (status, said) = match &error {
            Error::DockerResponseServerError { status_code, message } => {
                (*status_code, message.trim().to_owned())
            }
            Error::DockerStreamError { error } => (0, error.trim().to_owned()),
            _ => return self.error(action, error).into(),
        };
        let (registry, name) = (image.registry().to_owned(), image.to_string());
        match meaning(status, &said) {
            Meaning::Unreachable => PullError::Unreachable { image: name, registry, said },
            Meaning::Untrusted => PullError::Untrusted { image: name, registry, said },
            Meaning::Denied => PullError::Denied { image: name, registry, said },
            Meaning::NotFound => PullError::NotFound { image: name, registry, said },
            Meaning::TooManyRequests => PullError::TooManyRequests { image: name, registry, said },
            Meaning::Other => self.error(action, error).into(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Unreachable,
    Untrusted,
    Denied,
    NotFound,
    TooManyRequests,
    Other,
}

/// What the words in an error mean, in the order in which they decide. They are those of Docker
/// (distribution/errors.go), of registries' error codes (OCI distribution specification, "Error
/// Codes") and of Go's network library.
const WORDS: &[(Meaning, &[&str])] = &[
    (
        Meaning::TooManyRequests,
        &["toomanyrequests", "too many requests", "rate limit", "http status: 429", "http 429"],
    ),
    (Meaning::Untrusted, &["x509:", "certificate signed by", "tls: ", "http response to https client"]),
    (
        Meaning::Unreachable,
        &[
            "no such host",
            "server misbehaving",
            "name resolution",
            "connection refused",
            "connection reset",
            "network is unreachable",
            "no route to host",
            "timeout",
            "timed out",
            "deadline exceeded",
            "awaiting headers",
            "waiting for connection",
            "proxyconnect",
            "proxy authentication required",
            "dial tcp",
            "bad gateway",
            "service unavailable",
            "unexpected eof",
            "get - eof",
            "head - eof",
            // A proxy that refuses CONNECT; a registry's own refusal names a code.
            "get - forbidden",
        ],
    ),
    (
        Meaning::NotFound,
        &[
            "manifest unknown",
            "name unknown",
            "no matching manifest",
            "does not match the specified platform",
        ],
    ),
    (
        Meaning::Denied,
        &[
            "denied",
            "unauthorized",
            "authentication required",
            "no basic auth credentials",
            "forbidden",
            "incorrect username",
        ],
    ),
    (Meaning::NotFound, &["not found"]),
];

fn meaning(status: u16, said: &str) -> Meaning {
    if status == 429 {
        return Meaning::TooManyRequests;
    }
    let said = without_names(said);
    let decides = |(_, words): &&(Meaning, &[&str])| words.iter().any(|word| said.contains(word));
    match WORDS.iter().find(decides) {
        Some((meaning, _)) => *meaning,
        None if status == 404 => Meaning::NotFound,
        None => Meaning::Other,
    }
}

/// The words in lower case, without addresses and names: an image may be called `timeout`.
fn without_names(said: &str) -> String {
    let said = said.to_lowercase();
    let mut words: Vec<&str> = Vec::new();
    for word in said.split_whitespace() {
        // `node:20`, `"https://…":`, `10.0.0.1:53:`; `x509:` and `i/o` stay.
        let bare = word.trim_matches(['"', ':', ',', '.', '(', ')']);
        let is_name = bare.contains([':', '@']) || bare.matches('/').count() > 1;
        if !is_name && !words.ends_with(&["denied", "for"]) {
            words.push(word);
        } else if is_name {
            words.push("-");
        }
    }
    words.join(" ")
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
