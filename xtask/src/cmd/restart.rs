//! `cargo xtask restart`.

use crate::context::Context;
use crate::lasting::{Named, Parts};

/// Restart parts of the stack as they are, and wait until they are ready
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Changes of the sources or of an .env file need `cargo xtask up`, which replaces what changed.

Examples:
  cargo xtask restart kratos")]
pub struct Args {
    #[command(flatten)]
    stack: Named,
    /// The parts
    #[arg(required = true, value_name = "PART")]
    parts: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// `Usage` if there is no such part; if one does not get ready.
pub async fn run(Args { stack, parts }: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = stack.prefix(context)?;
    let session = context.session_that_only_looks().await?;
    let _lock = session.lock_stack(&prefix).await?;
    let all = Parts::of(&session, &prefix).await?;
    let mut chosen = Vec::new();
    for name in &parts {
        chosen.push(all.named(name)?);
    }
    session.restart(&chosen).await?;
    context.events.output(format!("ready again: {}", parts.join(", ")));
    Ok(())
}
