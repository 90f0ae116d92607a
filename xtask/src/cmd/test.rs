//! `cargo xtask test`.

use crate::context::Context;
use crate::stack::{UnitTests, crux, crux_ui};

/// Unit tests of backend and frontend, in parallel
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask test                             unchanged: back in a blink, every step CACHED
  cargo xtask test -q --junit results.xml      failures only, and all tests in a file
  cargo xtask test --repo ../dyrectorio        any checkout with web/crux and web/crux-ui")]
pub struct Args {}

/// Runs it.
pub async fn run(_: Args, context: &Context) -> anyhow::Result<()> {
    both(context, context.global.export.is_some()).await
}

/// Runs both; one that fails does not stop the other.
pub async fn both(context: &Context, coverage: bool) -> anyhow::Result<()> {
    let tests = UnitTests { args: Vec::new(), coverage };
    let repo = context.project()?;
    let crux = crux::unit_tests(&repo, &context.images, &tests)?;
    let crux_ui = crux_ui::unit_tests(&repo, &context.images, &tests)?;
    let session = context.session().await?;
    let (crux, crux_ui) = tokio::join!(session.test("test-crux", &crux), session.test("test-ui", &crux_ui));
    crux?;
    crux_ui?;
    Ok(())
}
