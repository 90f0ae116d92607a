//! `cargo xtask down`.

use anyhow::anyhow;
use xtask_engine::source::reason;

use crate::context::Context;
use crate::host::Usage;
use crate::lasting::{Kept, Named, kept, other_owner};

/// Take a stack of `up` down; its data stay
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It is found by its prefix, from whatever checkout and terminal.

Examples:
  cargo xtask down                           the stack of this checkout
  cargo xtask down --prefix feature-x
  cargo xtask down --volumes                 with its data")]
pub struct Args {
    #[command(flatten)]
    stack: Named,
    /// Its data and kept settings, too
    #[arg(long)]
    volumes: bool,
}

/// Runs it.
///
/// # Errors
/// `Usage` if the data are another checkout's, and nobody named the stack; if something cannot be
/// removed. That there is no such stack is no error.
pub async fn run(Args { stack, volumes }: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = stack.prefix(context)?;
    let session = context.session_that_only_looks().await?;
    let _lock = session.lock_stack(&prefix).await?;
    if volumes && !stack.is_named() {
        let ours = context.project()?.identity();
        if let Some(owner) = other_owner(&session, &prefix, &ours).await? {
            return Err(Usage(format!(
                "the stack {prefix} and its data are those of another checkout, {owner}; say --prefix {prefix} to remove them"
            ))
            .into());
        }
    }
    let mut removed = session.take_down(&prefix, volumes).await?;
    if let Some(file) = kept::file(&prefix).filter(|file| volumes && file.exists()) {
        let cannot = |error| anyhow!("cannot remove {}: {}", file.display(), reason(&error));
        Kept::default().write(&file).map_err(cannot)?;
        removed.push(format!("settings {}", file.display()));
    }
    for line in &removed {
        context.events.output(line);
    }
    match removed.len() {
        0 => context.events.output(format!("there is no stack {prefix}; `cargo xtask ps --all` shows all there are")),
        count => context.events.output(format!("{count} removed")),
    }
    if !volumes && !removed.is_empty() {
        context.events.notice("its data stay for the next `up`; `--volumes` removes them, too");
    }
    Ok(())
}
