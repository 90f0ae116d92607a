//! Why a pull failed, read from what engines and registries say.

use bollard::errors::Error;

use super::client::Engine;
use super::error::EngineError;
use super::reference::ImageReference;

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

impl PullError {
    /// What `error` means when `engine` was asked to `action`, the pull of `image`.
    pub(super) fn of(engine: &Engine, image: &ImageReference, action: &str, error: Error) -> Self {
        let (status, said) = match &error {
            Error::DockerResponseServerError { status_code, message } => {
                (*status_code, message.trim().to_owned())
            }
            Error::DockerStreamError { error } => (0, error.trim().to_owned()),
            _ => return engine.error(action, error).into(),
        };
        let (registry, name) = (image.registry().to_owned(), image.to_string());
        match meaning(status, &said) {
            Meaning::Unreachable => Self::Unreachable { image: name, registry, said },
            Meaning::Untrusted => Self::Untrusted { image: name, registry, said },
            Meaning::Denied => Self::Denied { image: name, registry, said },
            Meaning::NotFound => Self::NotFound { image: name, registry, said },
            Meaning::TooManyRequests => Self::TooManyRequests { image: name, registry, said },
            Meaning::Other => engine.error(action, error).into(),
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

#[cfg(test)]
mod tests;
