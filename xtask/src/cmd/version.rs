//! `cargo xtask version`.

use xtask_engine::docker::{Engine, EngineError, Environment, discover};

use crate::context::Context;

/// The version of this program, and of the container engine that it uses
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs it.
///
/// # Errors
/// None: what does not answer is said.
pub async fn run(_: Args, context: &Context) -> anyhow::Result<()> {
    context.events.output(format!("xtask {}", env!("CARGO_PKG_VERSION")));
    let engine = engine(context.global.engine.as_deref()).await;
    context.events.output(engine.unwrap_or_else(|error| format!("no container engine: {error}")));
    Ok(())
}

async fn engine(named: Option<&str>) -> Result<String, EngineError> {
    let found = discover(named, &Environment::of_process())?;
    let engine = Engine::connect(found.endpoint).await?;
    let info = engine.info();
    let (major, minor) = info.api_version;
    let (product, version, platform) = (&info.product, &info.version, info.platform());
    Ok(format!("{product} {version} (API {major}.{minor}, {platform}) at {}", engine.endpoint()))
}
