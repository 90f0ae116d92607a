//! `cargo xtask ci`.

use anyhow::Context as _;
use xshell::{Shell, cmd};
use xtask_engine::Error;

use super::test;
use crate::context::Context;

/// All that CI checks: formatting, clippy, then the application's tests
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs it; the first that fails ends it.
pub async fn run(_: Args, context: &Context) -> anyhow::Result<()> {
    host(context, "cargo fmt --all --check")?;
    host(context, "cargo clippy --workspace --all-targets --quiet -- -D warnings")?;
    test::run(test::Args {}, context).await
}

/// A command of the host, in the workspace; its output is that of the terminal.
fn host(context: &Context, line: &str) -> anyhow::Result<()> {
    let shell = Shell::new().context("cannot run commands")?;
    shell.change_dir(crate::project::workspace());
    context.events.notice(format!("$ {line}"));
    let args: Vec<&str> = line.split(' ').collect();
    let (program, args) = args.split_first().context("an empty command")?;
    let status = cmd!(shell, "{program} {args...}").quiet().ignore_status().run();
    status.map_err(|error| Error::Machine(format!("cannot run `{line}`: {error}")))?;
    Ok(())
}
