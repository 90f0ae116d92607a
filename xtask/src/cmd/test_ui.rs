//! `cargo xtask test-ui`.

use crate::context::Context;
use crate::stack::{UnitTests, crux_ui};

/// Unit tests of the frontend, web/crux-ui
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask test-ui -- login        files whose path matches; what follows -- is for jest
  cargo xtask test-ui --rerun         the tests again, though nothing changed")]
pub struct Args {
    /// For the test command, jest
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<String>,
}

/// Runs it.
pub async fn run(Args { args }: Args, context: &Context) -> anyhow::Result<()> {
    let tests = UnitTests { args, coverage: context.global.export.is_some() };
    let pipeline = crux_ui::unit_tests(&context.project()?, &context.images, &tests)?;
    context.session().await?.test("test-ui", &pipeline).await?;
    Ok(())
}
