//! `cargo xtask e2e`.

use xtask_engine::Session;

use crate::context::Context;
use crate::stack::{self, Setting, Stack, playwright};

/// End-to-end tests: the whole stack in containers, and a browser against it
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask e2e -- login.spec.ts       one file of tests; what follows -- is for Playwright
  cargo xtask e2e --keep-on-failure      look into what failed; the end says how to enter and how to end it
  cargo xtask e2e --image-tag 0.15.4     the application's published images instead of the sources
  cargo xtask e2e --image kratos=oryd/kratos:v1.3.0")]
pub struct Args {
    /// When the tests fail, leave the stack running, to be looked at
    #[arg(long)]
    keep_on_failure: bool,
    /// Run the application's published images of this tag, not its sources
    #[arg(long, value_name = "TAG")]
    image_tag: Option<String>,
    /// For Playwright
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

/// Runs it.
pub async fn run(Args { keep_on_failure, image_tag, args }: Args, context: &Context) -> anyhow::Result<()> {
    let setting = Setting::read(context.project()?, context.images.clone(), image_tag, &context.events)?;
    let tests = playwright::tests(&setting, &Stack::whole(&setting)?, &args)?;
    let session = context.session().await?;
    let result = session.test("e2e", &tests).await;
    if result.is_err() && keep_on_failure && !context.cancel.is_cancelled() {
        leave(&session, context).await?;
    }
    result?;
    Ok(())
}

/// Leaves the stack, and says how a browser on this machine gets in.
async fn leave(session: &Session, context: &Context) -> anyhow::Result<()> {
    if session.leave().await
        && let Some(address) = session.address(stack::TRAEFIK).await?
    {
        let (web, name) = (stack::WEB, stack::TRAEFIK);
        context.events.notice(format!(
            "to sign in from here, put `{address} {name}` into /etc/hosts and open {web}"
        ));
    }
    Ok(())
}
