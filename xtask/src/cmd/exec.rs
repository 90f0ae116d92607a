//! `cargo xtask exec`.

use xtask_engine::docker::CommandOptions;

use crate::context::Context;
use crate::lasting::{Named, Parts, command};
use crate::terminal;

/// Run a command in a part of the stack, as `docker exec -it` does
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It ends as the command does. Standard input goes to it; it has a terminal where this one is.

Examples:
  cargo xtask exec database psql -U username crux
  cargo xtask exec crux -- node --version
  cargo xtask exec database psql -U username crux < dump.sql")]
pub struct Args {
    #[command(flatten)]
    stack: Named,
    /// As another user
    #[arg(long, short, value_name = "USER")]
    user: Option<String>,
    /// In another folder
    #[arg(long, short, value_name = "DIR")]
    workdir: Option<String>,
    /// A variable for it, like DEBUG=1
    #[arg(long, short, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Without a terminal also where this one is
    #[arg(long, short = 'T')]
    no_tty: bool,
    /// The part
    part: String,
    /// The command
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// With the command's exit code; `Usage` if there is no such part, `NotReady` if it does not run.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = args.stack.prefix(context)?;
    let session = context.session_that_only_looks().await?;
    let parts = Parts::of(&session, &prefix, args.stack.option()).await?;
    let container = &parts.running(&args.part)?.container;
    let options = CommandOptions {
        tty: !args.no_tty && terminal::is_interactive(),
        user: args.user,
        workdir: args.workdir,
        env: args.env,
    };
    command::run(&session, &container.id, &args.command, &options, context).await
}
