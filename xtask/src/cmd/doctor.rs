//! `cargo xtask doctor`: shows what the tasks will find on this machine, and what to do about what
//! they will not.

pub(crate) mod engine;
mod finding;
mod machine;

use std::path::PathBuf;

use anyhow::Result;
use xshell::Shell;
use xtask_engine::docker::Engine;

use crate::context::Context;
use crate::host::{NotReady, Os, ca, proxy};
use crate::images::{self, Overrides, Part};
use engine::Answer;
use finding::{Finding, State, table};

/// Show what the tasks will find on this machine, and what is missing
#[derive(Debug, Clone, clap::Args)]
pub struct Args {}

/// Runs it.
///
/// # Errors
/// `NotReady` if something is missing without which no task runs.
pub async fn run(_: Args, context: &Context) -> Result<()> {
    let findings = examine(context).await?;
    for line in table(&findings) {
        context.events.output(line);
    }
    let missing: Vec<_> =
        findings.iter().filter(|it| it.state == State::Missing).map(|it| it.what.as_str()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(NotReady(format!("this machine is not ready: see what is said of {}", missing.join(", "))).into())
}

async fn examine(context: &Context) -> Result<Vec<Finding>> {
    let mut findings = vec![];
    let repo = context.project().ok();
    let connected = engine::connect(context.global.engine.as_deref()).await;
    findings.push(engine::engine(&connected));
    let mut data_root = None;
    // Whether stand-ins have to be made.
    let mut needed = false;
    if let Ok((engine, _)) = &connected {
        let own = Overrides::default();
        // A lockfile that cannot be read is told by the task that needs it.
        let images = images::all(repo.as_ref(), &own).or_else(|_| images::all(None, &own))?;
        let (buildkit, registries, root) = tokio::join!(
            engine::buildkit(engine),
            engine::registries(engine, images.iter().map(|(_, image)| image)),
            data_root_of(engine)
        );
        findings.push(buildkit);
        findings.extend(registries.iter().map(|registry| engine::registry(&registry.asked_for, &registry.answer)));
        for (part, image) in &images {
            let presence = engine::presence(engine, image).await;
            let Some(registry) = registries.iter().find(|registry| registry.has(image)) else { continue };
            let is_first = *part == Part::Node;
            needed |= is_first && presence.is_none() && matches!(registry.answer, Answer::Unreachable(_));
            findings.push(engine::image(image, is_first, presence.as_ref(), &registry.answer));
        }
        data_root = root;
    }
    findings.push(machine::certificates(ca::bundle()));
    findings.push(machine::proxies(&proxy::found()));
    // xshell's Shell must not be held across an await.
    if let Ok(sh) = Shell::new() {
        findings.extend(data_root.map(|path| machine::disk(&sh, "disk of the engine", &path)));
        findings.extend(repo.map(|repo| machine::disk(&sh, "disk of the repository", repo.root())));
    }
    findings.push(machine::mmdebstrap(&Os::read(), needed));
    Ok(findings)
}

/// Where a local engine keeps its data.
async fn data_root_of(engine: &Engine) -> Option<PathBuf> {
    if !engine.endpoint().is_local() {
        return None;
    }
    let root = PathBuf::from(engine.docker().info().await.ok()?.docker_root_dir?);
    // The engine of Docker Desktop lives in a machine of its own.
    root.exists().then_some(root)
}
