//! What the engine says of itself, and what it sees.

use std::time::{Duration, Instant};

use xtask_engine::docker::{Engine, EngineError, Environment, Found, discover};

use super::{Finding, Image};

/// A registry that is there answers in tenths of a second.
const REGISTRY: Duration = Duration::from_secs(3);

/// Finds the engine and connects to it.
pub(super) async fn connect(named: Option<&str>) -> Result<(Engine, Found), EngineError> {
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

/// Whether the registry of the first image answers the engine, which is who pulls.
pub(super) async fn registry(engine: &Engine, images: &[Image]) -> Option<Finding> {
    let image = images.first()?;
    let begun = Instant::now();
    let answer =
        tokio::time::timeout(REGISTRY, engine.docker().inspect_registry_image(&image.name, None)).await;
    let result = match answer {
        Err(_) => Err(format!("did not answer within {} s", REGISTRY.as_secs())),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(match engine.error("ask", error) {
            EngineError::Refused { message, .. } => message,
            other => other.to_string(),
        }),
    };
    Some(match result {
        Ok(()) => Finding::ok(
            "registry",
            format!("has {}, answered in {} ms", image.name, begun.elapsed().as_millis()),
        ),
        Err(reason) => Finding::warn(
            "registry",
            format!("asked for {}: {reason}", image.name),
            "images that the engine has are used, and stand-ins where the registry cannot be reached",
        ),
    })
}

/// Which images are there, as themselves or as stand-ins. One that is not is `Missing`.
pub(super) async fn images(engine: &Engine, images: &[Image]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Image { name, stand_in } in images {
        findings.push(if engine.docker().inspect_image(name).await.is_ok() {
            Finding::ok(name, "is in the engine")
        } else if engine.docker().inspect_image(stand_in).await.is_ok() {
            Finding::warn(
                name,
                format!("its stand-in {stand_in} is in the engine"),
                "pull it where there is a registry",
            )
        } else {
            Finding::missing(name, "not in the engine, and no stand-in", "cargo xtask setup")
        });
    }
    findings
}

/// An image that is missing where the registry answers.
pub(super) fn to_be_pulled(finding: Finding) -> Finding {
    match finding.state {
        super::State::Missing => {
            Finding::ok(finding.what, "not in the engine; it is pulled when it is needed")
        }
        _ => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::doctor::table;

    #[test]
    fn no_engine() {
        let error = EngineError::NothingFound { tried: "/var/run/docker.sock (not there)".into() };
        insta::assert_snapshot!(table(&[engine(&Err(error))]).join("\n"));
    }

    #[test]
    fn what_will_be_pulled_is_fine() {
        let missing =
            Finding::missing("node:20-alpine", "not in the engine, and no stand-in", "cargo xtask setup");
        assert_eq!(to_be_pulled(missing).state, super::super::State::Ok);
        let stand_in = Finding::warn("node:20-alpine", "its stand-in is in the engine", "pull it");
        assert_eq!(to_be_pulled(stand_in.clone()), stand_in);
    }
}
