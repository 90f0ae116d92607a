//! `cargo xtask open`.

use std::process::{Command, Stdio};

use xtask_engine::session::StackPart;

use crate::context::Context;
use crate::host::{NotReady, Usage};
use crate::lasting::{Kept, Named, Parts};
use crate::stack::{AGENT_PORT, CRUX_UI, DATABASE_PORT, SMTP_PORT, TRAEFIK};

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
    let parts = Parts::of(&session, &prefix, stack.option()).await?;
    let name = part.as_deref().unwrap_or(TRAEFIK);
    if part.is_none() && parts.on_host().contains(&TRAEFIK) {
        return Err(Usage(format!(
            "{TRAEFIK}, through which the product is reached, runs on the host: open it there, or name a part, such as `cargo xtask open{} {CRUX_UI}`",
            stack.option()
        ))
        .into());
    }
    let kept = Kept::of(&prefix)?;
    let address = address(parts.running(name)?, kept.host.as_deref(), &stack.option())?;
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

/// The pages of a part: at the lowest of its ports that is no mail's, by the name that `up` was told
/// for the host, or the address.
fn address(part: &StackPart, host: Option<&str>, option: &str) -> Result<String, Usage> {
    const NO_PAGES: [u16; 3] = [SMTP_PORT, DATABASE_PORT, AGENT_PORT];
    let (name, published) = (part.name(), &part.container.ports);
    let Some((_, ip, port)) = published.iter().find(|(port, ..)| !NO_PAGES.contains(port)) else {
        return Err(Usage(match (published.is_empty(), part.others.is_empty()) {
            (false, _) => format!("{name} has no pages to open; `cargo xtask ps{option}` shows where it is"),
            (true, false) => format!("{name} is being replaced, and has no port meanwhile; ask again when that is done"),
            (true, true) => format!(
                "no port of {name} is published, as --expect-container-env asks for; `cargo xtask up{option}` without it publishes them"
            ),
        }));
    };
    let here = matches!(ip.as_str(), "0.0.0.0" | "::" | "127.0.0.1" | "::1");
    let host = host.unwrap_or(if here { "localhost" } else { ip });
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    Ok(format!("http://{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lasting::parts::tests::part;

    #[test]
    fn what_has_no_pages_says_what_to_do() {
        let at = |ports: &[(u16, &str, u16)], others: usize| {
            let mut part = part("mail", "running");
            part.container.ports =
                ports.iter().map(|(port, ip, host)| (*port, (*ip).to_owned(), *host)).collect();
            part.others = vec![part.container.clone(); others];
            address(&part, None, " --prefix day").unwrap_or_else(|Usage(text)| text)
        };
        let said = [
            at(&[(1025, "127.0.0.1", 1025), (4436, "127.0.0.1", 4500)], 0),
            at(&[(4436, "10.0.0.1", 4436)], 0),
            at(&[(4436, "fd00::1", 4436)], 0),
            at(&[(1025, "127.0.0.1", 1025)], 0),
            at(&[], 0),
            at(&[], 1),
        ];
        insta::assert_snapshot!(said.join("\n"));
    }
}
