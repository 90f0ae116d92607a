//! `cargo xtask shell`.

use xtask_engine::docker::CommandOptions;

use crate::context::Context;
use crate::lasting::{Named, Parts, command};
use crate::terminal;

/// A shell in a part of the stack: bash where there is one, else sh
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask shell crux
  echo 'env | sort' | cargo xtask shell kratos")]
pub struct Args {
    #[command(flatten)]
    stack: Named,
    /// As another user
    #[arg(long, short, value_name = "USER")]
    user: Option<String>,
    /// The part
    part: String,
}

/// What becomes a shell.
const SHELL: [&str; 3] = ["sh", "-c", "if command -v bash >/dev/null; then exec bash; else exec sh; fi"];

/// Runs it.
///
/// # Errors
/// With the shell's exit code; `Usage` if there is no such part, `NotReady` if it does not run.
pub async fn run(Args { stack, user, part }: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = stack.prefix(context)?;
    let session = context.session_that_only_looks().await?;
    let parts = Parts::of(&session, &prefix, stack.option()).await?;
    let container = &parts.running(&part)?.container;
    let options = CommandOptions { tty: terminal::is_interactive(), user, ..CommandOptions::default() };
    command::run(&session, &container.id, &SHELL.map(str::to_owned), &options, context).await
}
