//! `cargo xtask setup`: gives this machine what the tasks need. Says what it will do, asks, does
//! it; does nothing where nothing is missing, and never touches an engine that is there.

mod consent;
mod plan;

use anyhow::Result;
use xtask_engine::event::Events;

use crate::host::interrupt::Interrupt;
use crate::host::{NotReady, Os, engine, packages};
pub(crate) use plan::{EngineState, Facts, Step, plan};

/// Gives this machine what the tasks need: a container engine, and images where no registry is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Do it without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// What setup asks of the rest of the program.
pub(crate) trait Machine {
    /// Whether there is an engine for this user. Looks anew each time.
    async fn engine(&self) -> EngineState;
    /// The images that need a stand-in which is not there yet: neither the engine has them nor
    /// does the registry answer. Without an engine that answers, it has none.
    async fn missing_stand_ins(&self) -> Result<Vec<String>>;
    /// Makes those.
    async fn prepare_stand_ins(&self) -> Result<()>;
}

/// Runs the command. It ends by itself on Ctrl-C, in a state that can be kept: the caller must
/// not drop it half way.
///
/// # Errors
/// `Usage` without a terminal and without `--yes`; `NotReady` with what to do; `Interrupted`.
pub(crate) async fn run(args: &Args, events: &Events, machine: &impl Machine) -> Result<()> {
    let facts = find(machine).await?;
    let steps = plan(&facts)?;
    if steps.is_empty() {
        events.output(format!("nothing to do: {}", facts.engine));
        return Ok(());
    }
    for line in plan::lines(&steps, &facts) {
        events.output(line);
    }
    let stop = Interrupt::listen();
    consent::ask(args.yes, &stop).await?;
    if steps.iter().any(Step::needs_root) {
        facts.privilege.acquire(&xshell::Shell::new()?, "this")?;
    }
    for step in &steps {
        stop.check()?;
        carry_out(step, &facts, events, machine, &stop).await?;
    }
    // Not what was planned but what is there now.
    match machine.engine().await {
        EngineState::Answers(engine) => events.output(format!("ready: {engine}")),
        other => return Err(NotReady(other.to_string()).into()),
    }
    Ok(())
}

async fn find(machine: &impl Machine) -> Result<Facts> {
    let engine = machine.engine().await;
    let missing_stand_ins = machine.missing_stand_ins().await?;
    Ok(Facts::find(Os::read(), engine, missing_stand_ins))
}

async fn carry_out(
    step: &Step,
    facts: &Facts,
    events: &Events,
    machine: &impl Machine,
    stop: &Interrupt,
) -> Result<()> {
    match step {
        Step::Install(names) => packages::install(events, facts.privilege, names, stop).await,
        Step::StartEngine(starter) => {
            // Its package may have started it.
            let answers =
                async || matches!(machine.engine().await, EngineState::Answers(_) | EngineState::Denied(_));
            if !answers().await {
                engine::start(events, facts.privilege, *starter, answers, stop).await?;
            }
            match machine.engine().await {
                EngineState::Denied(text) => Err(NotReady(text).into()),
                _ => Ok(()),
            }
        }
        Step::StandIns(_) => tokio::select! {
            result = machine.prepare_stand_ins() => result,
            () = stop.pressed() => Err(crate::host::Interrupted.into()),
        },
    }
}

#[cfg(test)]
mod tests;
