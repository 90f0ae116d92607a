//! `cargo xtask ci`.

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};
use xtask_engine::Error;

use super::test;
use crate::context::Context;

/// All that CI checks: formatting, clippy, then the application's tests
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs it; the first that fails ends it.
pub async fn run(_: Args, context: &Context) -> anyhow::Result<()> {
    for line in ["cargo fmt --all --check", "cargo clippy --workspace --all-targets --quiet -- -D warnings"] {
        tokio::task::block_in_place(|| host(context, line))?;
    }
    test::both(context, true).await
}

/// A command of the host, in the workspace.
fn host(context: &Context, line: &str) -> anyhow::Result<()> {
    let shell = Shell::new().context("cannot run commands of the host")?;
    shell.change_dir(crate::project::workspace());
    context.events.notice(line);
    let mut words = line.split(' ');
    let (program, args) = (words.next().unwrap_or_default(), words);
    let output = cmd!(shell, "{program} {args...}")
        .quiet()
        .ignore_status()
        .output()
        .map_err(|error| Error::Machine(format!("cannot run `{line}`: {error}")))?;
    for text in [&output.stdout, &output.stderr] {
        String::from_utf8_lossy(text).lines().for_each(|line| context.events.output(line));
    }
    if !output.status.success() {
        bail!("`{line}` found something; its words are above");
    }
    Ok(())
}
