//! `cargo xtask restart`.

use anyhow::anyhow;
use xtask_engine::Session;
use xtask_engine::session::StackPart;

use crate::context::Context;
use crate::host::Interrupted;
use crate::lasting::{Named, Parts};

/// Restart parts of the stack as they are, and wait until they are ready
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A job, such as a migration, runs to its end again. Changes of the sources or of an .env \
file need `cargo xtask up`, which replaces what changed.

Examples:
  cargo xtask restart kratos
  cargo xtask restart crux-migrate           the migration once more")]
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
/// `Usage` if there is no such part; if one does not get ready, or a job fails.
pub async fn run(Args { stack, parts }: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = stack.prefix(context)?;
    let session = context.session_that_only_looks().await?;
    let _lock = session.lock_stack(&prefix).await?;
    let option = stack.option();
    let all = Parts::of(&session, &prefix, option.clone()).await?;
    // Jobs first: services need what they do.
    let (jobs, services): (Vec<_>, Vec<_>) =
        all.each_named(&parts)?.into_iter().partition(|part| part.is_job());
    for job in jobs {
        tokio::select! {
            ended = once_more(&session, job, &option) => ended?,
            () = context.cancel.cancelled() => return Err(Interrupted.into()),
        }
        context.events.output(format!("completed again: {}", job.name()));
    }
    if !services.is_empty() {
        let containers: Vec<_> = services.iter().map(|part| &part.container).collect();
        session.restart(&containers).await?;
        let names: Vec<&str> = services.iter().map(|part| part.name()).collect();
        context.events.output(format!("ready again: {}", names.join(", ")));
    }
    Ok(())
}

/// Runs a job to its end.
async fn once_more(session: &Session, job: &StackPart, option: &str) -> anyhow::Result<()> {
    let (engine, id, name) = (session.engine(), &job.container.id, job.name());
    engine.start_container(id, name).await?;
    let ended = engine.ended(id).await?;
    match ended.code {
        0 => Ok(()),
        code => Err(anyhow!(
            "{name} ended with exit code {code}; `cargo xtask logs{option} {name}` shows what it printed"
        )),
    }
}
