//! `cargo xtask doctor`: shows what the tasks will find on this machine, and what to do about what
//! they will not.

mod engine;
mod finding;
mod machine;

use std::path::{Path, PathBuf};

use anyhow::Result;
use xshell::Shell;
use xtask_engine::docker::Engine;
use xtask_engine::event::Events;

use crate::host::{NotReady, Os, ca, proxy};
pub(crate) use finding::{Finding, State, table};

/// Shows what was found: engine, BuildKit, registry, certificates, proxy, disk, stand-ins.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {}

/// An image that the tasks use.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    /// Its name, as the application has it.
    pub name: String,
    /// The tag of its stand-in.
    pub stand_in: String,
}

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    /// The value of `--engine`.
    pub engine: Option<&'a str>,
    /// The repository.
    pub repo: &'a Path,
    /// The images of the tasks.
    pub images: &'a [Image],
}

/// Runs the command: prints the table.
///
/// # Errors
/// `NotReady` if something is missing without which no task runs.
pub(crate) async fn run(_args: &Args, events: &Events, look: &Look<'_>) -> Result<()> {
    let findings = examine(look).await;
    for line in table(&findings) {
        events.output(line);
    }
    let missing: Vec<_> =
        findings.iter().filter(|it| it.state == State::Missing).map(|it| it.what.as_str()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(NotReady(format!("this machine is not ready: see what is said of {}", missing.join(", "))).into())
}

async fn examine(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = vec![];
    let connected = engine::connect(look.engine).await;
    findings.push(engine::engine(&connected));
    let mut data_root = None;
    // Whether stand-ins have to be made.
    let mut needed = false;
    if let Ok((engine, _)) = &connected {
        let (buildkit, registry, images, root) = tokio::join!(
            engine::buildkit(engine),
            engine::registry(engine, look.images),
            engine::images(engine, look.images),
            data_root_of(engine),
        );
        let absent = images.iter().any(|image| image.state == State::Missing);
        needed = absent && registry.as_ref().is_some_and(|registry| registry.state != State::Ok);
        findings.push(buildkit);
        findings.extend(registry);
        findings
            .extend(images.into_iter().map(|image| if needed { image } else { engine::to_be_pulled(image) }));
        data_root = root;
    }
    findings.push(machine::certificates(ca::bundle()));
    findings.push(machine::proxies(&proxy::found()));
    // xshell's Shell must not be held across an await.
    if let Ok(sh) = Shell::new() {
        findings.extend(data_root.map(|path| machine::disk(&sh, "disk of the engine", &path)));
        findings.push(machine::disk(&sh, "disk of the repository", look.repo));
    }
    findings.push(machine::mmdebstrap(&Os::read(), needed));
    findings
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
