//! `cargo xtask ci`.

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};
use xtask_engine::Error;

use super::{e2e, test};
use crate::context::Context;
use crate::host::command::{self, Line};
use crate::host::error::go_on;

/// All that CI checks: formatting, clippy, the application's unit and end-to-end tests
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask ci                                 what the workflow runs; the first that fails ends it
  cargo xtask ci --progress github               as GitHub Actions would show it")]
pub struct Args {}

/// Runs it; the first that fails ends it.
pub async fn run(_: Args, context: &Context) -> anyhow::Result<()> {
    for line in ["cargo fmt --all --check", "cargo clippy --workspace --all-targets --quiet -- -D warnings"] {
        host(context, line).await?;
    }
    test::both(context, true).await?;
    e2e::run(e2e::Args::default(), context).await
}

/// A command of the host, in the workspace; it ends when we do.
async fn host(context: &Context, line: &str) -> anyhow::Result<()> {
    go_on(&context.cancel)?;
    let command = in_workspace(line)?.told_as_output().ending_with_us();
    let ended = tokio::select! {
        ended = command::run(&context.events, command) => ended,
        () = context.cancel.cancelled() => return Err(Error::Canceled.into()),
    };
    match ended {
        Ok(_) => Ok(()),
        Err(failure) if failure.reason.starts_with("exit code") => {
            bail!("`{line}` found something; its words are above")
        }
        Err(failure) => {
            Err(Error::Machine(format!("cannot run `{line}`: {}; is it installed?", failure.reason)).into())
        }
    }
}

fn in_workspace(line: &str) -> anyhow::Result<Line> {
    let shell = Shell::new().context("cannot run commands of the host")?;
    shell.change_dir(crate::project::workspace());
    let mut words = line.split(' ');
    let (program, args) = (words.next().unwrap_or_default(), words);
    Ok(cmd!(shell, "{program} {args...}").into())
}
