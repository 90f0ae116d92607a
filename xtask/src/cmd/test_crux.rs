//! `cargo xtask test-crux`.

use crate::context::Context;
use crate::stack::{UnitTests, crux};

/// Unit tests of the backend, web/crux
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask test-crux -- src/health                  files whose path matches; what follows -- is for jest
  cargo xtask test-crux -- --testNamePattern health    tests whose name matches
  cargo xtask test-crux --export results               also coverage")]
pub struct Args {
    /// For the test command, jest
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<String>,
}

/// Runs it.
pub async fn run(Args { args }: Args, context: &Context) -> anyhow::Result<()> {
    let tests = UnitTests { args, coverage: context.global.export.is_some() };
    let pipeline = crux::unit_tests(&context.project()?, &context.images, &tests)?;
    context.session().await?.test("test-crux", &pipeline).await?;
    Ok(())
}
