//! Names of images, read as Docker reads them (distribution/reference, `normalize.go` and `regexp.go`).

use std::fmt;
use std::str::FromStr;

/// The registry that is meant when a name says none.
const DOCKER_HUB: &str = "docker.io";
/// Docker Hub's older name.
const DOCKER_HUB_INDEX: &str = "index.docker.io";
/// Where Docker Hub keeps images without an owner.
const OFFICIAL: &str = "library/";
/// The longest repository name, registry included (distribution/reference, `RepositoryNameTotalLengthMax`).
const LONGEST_NAME: usize = 255;
/// The longest tag.
const LONGEST_TAG: usize = 128;

/// An image's name in full: registry, repository, and a tag or a digest or both.
///
/// `Display` gives the form that people write (`node:20-alpine`), `{:#}` the full one
/// (`docker.io/library/node:20-alpine`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageReference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Why text is no image's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not the name of an image: {reason}; write it as node:20-alpine or registry.example:5000/team/image:tag"
)]
pub struct ReferenceError {
    text: String,
    reason: &'static str,
}

impl ImageReference {
    /// The registry's host, with its port if it has one: `docker.io`, `localhost:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository in the registry: `library/node`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `latest` if the name had neither tag nor digest.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest: `sha256:…`.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Registry and repository: `docker.io/library/node`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The name in full, as BuildKit wants it after `docker-image://`.
    pub fn full(&self) -> String {
        format!("{self:#}")
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    /// Parses a name and completes it: registry `docker.io`, owner `library`, tag `latest`.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let parsed = parse(text);
        parsed.map_err(|reason| ReferenceError { text: text.into(), reason })
    }
}

fn parse(text: &str) -> Result<ImageReference, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    // A colon after the last slash begins a tag, one before it a port.
    let path = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match rest[path..].find(':') {
        Some(colon) => (&rest[..path + colon], Some(&rest[path + colon + 1..])),
        None => (rest, None),
    };
    if name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()) {
        return Err("64 hexadecimal digits are an image's id");
    }
    let (registry, repository) = split_registry(name);
    if !is_registry(registry) {
        return Err("its registry is not a host");
    }
    if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("a repository is written in lower case");
    }
    if repository.is_empty() || !repository.split('/').all(is_component) {
        return Err("a repository consists of letters and digits, separated by `.`, `_`, `-` or `/`");
    }
    let owner = if registry == DOCKER_HUB && !repository.contains('/') { OFFICIAL } else { "" };
    let repository = format!("{owner}{repository}");
    if registry.len() + 1 + repository.len() > LONGEST_NAME {
        return Err("it is longer than 255 characters");
    }
    if !tag.is_none_or(is_tag) {
        return Err(
            "a tag consists of up to 128 letters, digits, `_`, `.` and `-`, and begins with a letter, a digit or `_`",
        );
    }
    if !digest.is_none_or(is_digest) {
        return Err("its digest is not `sha256:` and 64 hexadecimal digits");
    }
    let tag = tag.or(digest.is_none().then_some("latest"));
    Ok(ImageReference {
        registry: registry.into(),
        repository,
        tag: tag.map(Into::into),
        digest: digest.map(Into::into),
    })
}

/// The registry and the rest. The first part is a registry only if it looks like a host.
fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((DOCKER_HUB_INDEX, rest)) => (DOCKER_HUB, rest),
        Some((host, rest))
            if host.contains(['.', ':'])
                || host == "localhost"
                || host.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            (host, rest)
        }
        _ => (DOCKER_HUB, name),
    }
}

fn is_registry(registry: &str) -> bool {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (registry, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit());
    if !port.is_none_or(is_port) {
        return false;
    }
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.split('.').all(is_label)
}

/// One part of a repository: letters and digits, separated by `.`, `_`, `__` or any number of `-`.
fn is_component(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let [first, .., last] = bytes else {
        return bytes.len() == 1 && is_word(bytes[0]);
    };
    let separators_fit = bytes.split(|byte| is_word(*byte)).all(|separator| {
        matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|byte| *byte == b'-')
    });
    is_word(*first) && is_word(*last) && separators_fit
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

fn is_digest(digest: &str) -> bool {
    digest.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.repository.strip_prefix(OFFICIAL).filter(|rest| !rest.contains('/'));
        let short = short.unwrap_or(&self.repository);
        // An owner that looks like a host would be read as a registry: then nothing is left out.
        if !f.alternate() && self.registry == DOCKER_HUB && split_registry(short).0 == DOCKER_HUB {
            f.write_str(short)?;
        } else {
            write!(f, "{}/{}", self.registry, self.repository)?;
        }
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
