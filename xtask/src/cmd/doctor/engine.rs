//! What the engine says of itself, and what it sees.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use xtask_engine::docker::{Engine, EngineError, Environment, Found, ImageReference, discover};
use xtask_engine::pipeline::Image;

use super::Finding;

/// A registry that is there answers in tenths of a second.
const REGISTRY: Duration = Duration::from_secs(3);
/// The label by which the session knows which recipe made a stand-in.
const VERSION_LABEL: &str = "xtask.stand-in.version";

/// Finds the engine and connects to it.
pub(crate) async fn connect(named: Option<&str>) -> Result<(Engine, Found), EngineError> {
    let found = discover(named, &Environment::of_process())?;
    let engine = Engine::connect(found.endpoint.clone()).await?;
    Ok((engine, found))
}

pub(super) fn engine(connected: &Result<(Engine, Found), EngineError>) -> Finding {
    match connected {
        Ok((engine, found)) => {
            let info = engine.info();
            let (major, minor) = info.api_version;
            let what = format!("{} {}, API {major}.{minor}, {}", info.product, info.version, info.platform());
            Finding::ok("engine", format!("{what}\n{}, found by {}", found.endpoint, found.by))
        }
        Err(error) => {
            let (found, advice) = split(&error.to_string());
            Finding::missing("engine", found, advice)
        }
    }
}

/// The engine's own errors say what to do after the last `; `.
fn split(text: &str) -> (String, String) {
    match text.rsplit_once("; ") {
        Some((what, advice)) => (what.to_owned(), advice.to_owned()),
        None => (text.to_owned(), "cargo xtask setup".to_owned()),
    }
}

/// Whether the BuildKit inside answers. Docker does not tell its version.
pub(super) async fn buildkit(engine: &Engine) -> Finding {
    match engine.upgrade("/grpc", &[]).await {
        Ok(_) => Finding::ok("BuildKit", format!("the one inside {} answers", engine.info().product)),
        Err(error) => {
            let (found, advice) = split(&error.to_string());
            Finding::missing("BuildKit", found, advice)
        }
    }
}

/// What a registry says to the engine, which is who pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has the image; milliseconds.
    Has(u128),
    /// It answers, and refuses; its words.
    Refuses(String),
    /// It cannot be reached; the engine's words.
    Unreachable(String),
}

/// A registry, and what it said.
#[derive(Debug)]
pub(super) struct Registry {
    name: String,
    /// The image that it was asked for.
    pub(super) asked_for: String,
    pub(super) answer: Answer,
}

impl Registry {
    /// Whether `image` is to come from it.
    pub(super) fn has(&self, image: &Image) -> bool {
        registry_of(image) == self.name
    }
}

fn registry_of(image: &Image) -> String {
    let reference: Option<ImageReference> = image.name().parse().ok();
    reference.map(|reference| reference.registry().to_owned()).unwrap_or_default()
}

/// Asks each registry for the first image that is to come from it, all at the same time.
pub(super) async fn registries(engine: &Engine, images: impl Iterator<Item = &Image>) -> Vec<Registry> {
    let mut firsts = BTreeMap::new();
    for image in images {
        firsts.entry(registry_of(image)).or_insert_with(|| image.name().to_owned());
    }
    let mut asking = JoinSet::new();
    for (name, asked_for) in firsts {
        let engine = engine.clone();
        asking.spawn(async move {
            let answer = registry_answers(&engine, &asked_for).await;
            Registry { name, asked_for, answer }
        });
    }
    let mut registries = asking.join_all().await;
    registries.sort_by(|one, other| one.name.cmp(&other.name));
    registries
}

/// Asks the registry of `image` for it, through the engine.
pub(crate) async fn registry_answers(engine: &Engine, image: &str) -> Answer {
    let begun = Instant::now();
    match tokio::time::timeout(REGISTRY, engine.docker().inspect_registry_image(image, None)).await {
        Err(_) => Answer::Unreachable(format!("no answer within {} s", REGISTRY.as_secs())),
        Ok(Ok(_)) => Answer::Has(begun.elapsed().as_millis()),
        Ok(Err(error)) => match engine.error("ask", error) {
            EngineError::Refused { message, .. } if refuses(&message) => Answer::Refuses(message),
            EngineError::Refused { message, .. } => Answer::Unreachable(message),
            other => Answer::Unreachable(other.to_string()),
        },
    }
}

/// Whether these are words of a registry that was reached (the error codes of the OCI distribution
/// specification) or whose certificate is not trusted.
fn refuses(message: &str) -> bool {
    let message = message.to_lowercase();
    let words = [
        "denied",
        "unauthorized",
        "authentication required",
        "manifest unknown",
        "not found",
        "toomanyrequests",
        "too many requests",
        "x509:",
        "http response to https client",
    ];
    !message.contains("proxy authentication required") && words.iter().any(|word| message.contains(word))
}

pub(super) fn registry(image: &str, answer: &Answer) -> Finding {
    match answer {
        Answer::Has(milliseconds) => {
            Finding::ok("registry", format!("has {image}, answered in {milliseconds} ms"))
        }
        Answer::Refuses(said) => Finding::warn(
            "registry",
            format!("asked for {image}: {said}"),
            "log in with `docker login`, or check the image's name",
        ),
        Answer::Unreachable(said) => Finding::warn(
            "registry",
            format!("cannot be reached, asked for {image}: {said}"),
            "what the engine has is used, and stand-ins for what it has not",
        ),
    }
}

/// As what the engine has an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presence {
    /// As itself.
    Itself,
    /// As its stand-in, made by the recipe as it is now.
    StandIn(String),
}

/// As what the engine has `image`.
pub(crate) async fn presence(engine: &Engine, image: &Image) -> Option<Presence> {
    if let Ok(Some(_)) = engine.image(image.name()).await {
        return Some(Presence::Itself);
    }
    let tag = image.stand_in()?.tag.clone();
    stand_in_is_there(engine, image).await.then_some(Presence::StandIn(tag))
}

/// Whether the engine has the stand-in for `image`, made by the recipe as it is now.
pub(crate) async fn stand_in_is_there(engine: &Engine, image: &Image) -> bool {
    let Some(stand_in) = image.stand_in() else { return false };
    let Ok(Some(there)) = engine.image(&stand_in.tag).await else { return false };
    there.labels.get(VERSION_LABEL) == Some(&stand_in.version.to_string())
}

/// What is to be known of an image, without which nothing runs if it `is_first`.
pub(super) fn image(
    image: &Image,
    is_first: bool,
    presence: Option<&Presence>,
    registry: &Answer,
) -> Finding {
    let name = image.name();
    let missing = if is_first { Finding::missing } else { Finding::warn };
    match (presence, registry) {
        (Some(Presence::Itself), _) => Finding::ok(name, "is in the engine"),
        (Some(Presence::StandIn(tag)), _) => {
            let differs = image.stand_in().map(|stand_in| stand_in.differs.as_str()).unwrap_or_default();
            Finding::warn(name, format!("its stand-in {tag} is in the engine: {differs}"), "")
        }
        (None, Answer::Has(_)) => Finding::ok(name, "not in the engine; it is pulled when it is needed"),
        (None, Answer::Refuses(_)) => {
            missing(name, "not in the engine, and its registry refuses it", "")
        }
        (None, Answer::Unreachable(_)) if image.stand_in().is_some() && is_first => {
            Finding::missing(name, "not in the engine, and no stand-in is", "cargo xtask setup")
        }
        (None, Answer::Unreachable(_)) if image.stand_in().is_some() => Finding::ok(
            name,
            "not in the engine; a stand-in is made when it is needed, or by `cargo xtask images prepare`",
        ),
        (None, Answer::Unreachable(_)) => missing(
            name,
            "not in the engine, and nothing can stand in for it",
            "`docker load` it here",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::doctor::table;
    use crate::images;

    #[test]
    fn no_engine() {
        let error = EngineError::NothingFound { tried: "/var/run/docker.sock (not there)".into() };
        insta::assert_snapshot!(table(&[engine(&Err(error))]).join("\n"));
    }

    #[test]
    fn images_by_what_the_registry_says() {
        let node = Image::named("node:20-alpine");
        let answers = [
            Answer::Has(312),
            Answer::Refuses("toomanyrequests: slow down".into()),
            Answer::Unreachable("no answer within 3 s".into()),
        ];
        let findings: Vec<_> = answers
            .iter()
            .flat_map(|answer| [registry("node:20-alpine", answer), image(&node, true, None, answer)])
            .chain([image(&node, true, Some(&Presence::Itself), &answers[2])])
            .chain([image(&images::traefik(), false, None, &answers[2])])
            .chain([image(&Image::named("traefik:v2.9"), false, None, &answers[2])])
            .collect();
        insta::assert_snapshot!(table(&findings).join("\n"));
    }

    #[test]
    fn a_refusal_is_an_answer() {
        assert!(refuses("toomanyrequests: You have reached your pull rate limit"));
        assert!(refuses("manifest unknown: manifest unknown"));
        assert!(refuses("x509: certificate signed by unknown authority"));
        assert!(!refuses("dial tcp: lookup registry on 10.0.0.1:53: no such host"));
        assert!(!refuses("proxyconnect tcp: Proxy Authentication Required"));
    }
}
