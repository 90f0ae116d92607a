//! `cargo xtask open`.

use std::process::{Command, Stdio};

use xtask_engine::docker::{PART_LABEL, StackContainer};

use crate::context::Context;
use crate::host::{NotReady, Usage};
use crate::lasting::{Kept, Named, Parts};
use crate::stack::TRAEFIK;

/// Open a part of the stack in the browser, the product without one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask open
  cargo xtask open mail              what was sent
  cargo xtask open --print           the address only")]
pub struct Args {
    #[command(flatten)]
    stack: Named,
    /// Say the address, and open nothing
    #[arg(long)]
    print: bool,
    /// The part
    part: Option<String>,
}

/// What opens an address.
const OPENERS: [&str; 2] = ["xdg-open", "open"];

/// Runs it.
///
/// # Errors
/// `Usage` if there is no such part or it has no pages, `NotReady` if it does not run.
pub async fn run(Args { stack, print, part }: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = stack.prefix(context)?;
    let session = context.session_that_only_looks().await?;
    let parts = Parts::of(&session, &prefix).await?;
    let kept = Kept::of(&prefix)?;
    let host = kept.host.as_deref().unwrap_or("localhost");
    let address = address(parts.running(part.as_deref().unwrap_or(TRAEFIK))?, host)?;
    if print {
        context.events.output(address);
        return Ok(());
    }
    let opener = OPENERS.into_iter().find_map(crate::host::program);
    let opener = opener.ok_or_else(|| {
        NotReady(format!("this machine has no {}: open {address} yourself", OPENERS.join(" or ")))
    })?;
    let mut command = Command::new(opener);
    command.arg(&address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let opened = command.status();
    match opened {
        Ok(status) if status.success() => context.events.output(address),
        _ => return Err(NotReady(format!("no browser could be opened: open {address} yourself")).into()),
    }
    Ok(())
}

/// The pages of a part: at the lowest of its ports that is no mail's.
fn address(part: &StackContainer, host: &str) -> Result<String, Usage> {
    const NO_PAGES: [u16; 3] = [crate::stack::SMTP_PORT, crate::stack::DATABASE_PORT, crate::stack::AGENT_PORT];
    let pages = part.ports.iter().find(|(port, ..)| !NO_PAGES.contains(port));
    let Some((_, ip, port)) = pages else {
        return Err(Usage(format!("{} has no pages to open", part.label(PART_LABEL))));
    };
    let here = matches!(ip.as_str(), "0.0.0.0" | "::" | "127.0.0.1" | "::1");
    let host = if here { host } else { ip };
    Ok(format!("http://{host}:{port}"))
}
