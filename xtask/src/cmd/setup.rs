//! `cargo xtask setup`: gives this machine what the tasks need. Says what it will do, asks, does
//! it; does nothing where nothing is missing, and never touches an engine that is there.

mod machine;
mod plan;

use anyhow::Result;
use tokio_util::sync::CancellationToken;
use xtask_engine::event::Events;

use crate::consent;
use crate::context::Context;
use crate::host::error::go_on;
use crate::host::{Interrupted, NotReady, Os, engine, packages};
use plan::{EngineState, Facts, StandIns, Step, plan};

/// Install and start what this machine lacks for the tasks (Debian and Ubuntu)
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
It says what it will do, and asks.

Examples:
  cargo xtask setup               for people
  cargo xtask setup --yes         for machines")]
pub struct Args {
    /// Do it without asking
    #[arg(long, short)]
    yes: bool,
    /// Also what this project's own tests need (`make check`)
    #[arg(long)]
    tests: bool,
}

/// Runs it.
///
/// # Errors
/// `Usage` without a terminal and without `--yes`; `NotReady` with what to do; `Interrupted`.
pub async fn run(Args { yes, tests }: Args, context: &Context) -> Result<()> {
    go(yes, tests, &context.events, &context.cancel, &machine::This { context }).await
}

/// What setup asks of the rest of the program.
trait Machine {
    /// Whether there is an engine for this user. Looks anew each time.
    async fn engine(&self) -> EngineState;
    /// The stand-ins that are needed and not there. Looks anew each time.
    async fn stand_ins(&self) -> Result<StandIns>;
    /// Makes them.
    async fn prepare_stand_ins(&self) -> Result<()>;
}

async fn go(
    yes: bool,
    tests: bool,
    events: &Events,
    stop: &CancellationToken,
    machine: &impl Machine,
) -> Result<()> {
    let engine = machine.engine().await;
    let facts = Facts::find(Os::read(), engine, machine.stand_ins().await?, tests);
    let steps = plan(&facts)?;
    if steps.is_empty() {
        events.output(format!("nothing to do: {}", facts.engine));
        return Ok(());
    }
    for line in plan::lines(&steps, &facts) {
        events.output(line);
    }
    let ci = std::env::var("CI").is_ok_and(|value| matches!(value.as_str(), "true" | "1"));
    if !yes && !ci {
        consent::ask(events, "Do this?", "`cargo xtask setup --yes` does the above without asking", stop).await?;
    }
    if steps.iter().any(Step::needs_root) {
        facts.privilege.acquire(&xshell::Shell::new()?, "this")?;
    }
    for step in &steps {
        go_on(stop)?;
        carry_out(step, &facts, events, machine, stop).await?;
    }
    // Not what was planned but what is there now.
    match machine.engine().await {
        EngineState::Answers(engine) => events.output(format!("ready: {engine}")),
        other => return Err(NotReady(other.to_string()).into()),
    }
    Ok(())
}

async fn carry_out(
    step: &Step,
    facts: &Facts,
    events: &Events,
    machine: &impl Machine,
    stop: &CancellationToken,
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
        Step::StandIns(planned) => stand_ins(planned, facts, events, machine, stop).await,
    }
}

async fn stand_ins(
    planned: &StandIns,
    facts: &Facts,
    events: &Events,
    machine: &impl Machine,
    stop: &CancellationToken,
) -> Result<()> {
    if matches!(planned, StandIns::IfNoRegistry(_)) {
        if machine.stand_ins().await? == StandIns::None {
            events.notice("no stand-in is missing: the registry can be reached, or the engine has what is needed");
            return Ok(());
        }
        let names = plan::stand_in_packages(facts);
        if !names.is_empty() {
            packages::install(events, facts.privilege, &names, stop).await?;
        }
    }
    tokio::select! {
        result = machine.prepare_stand_ins() => result,
        () = stop.cancelled() => Err(Interrupted.into()),
    }
}

#[cfg(test)]
mod tests;
