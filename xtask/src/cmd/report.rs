//! `cargo xtask report`.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use xtask_engine::report::write_html;

use crate::context::Context;
use crate::host::NotReady;
use crate::runs;

/// Make the page of a run anew: its timeline, tests, logs and pictures in one file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each run that took more than a moment or failed leaves such a page in the folder of its record. It \
is one file, needs no network, and may be sent to somebody. Secrets are taken out of what was printed; \
a picture shows what the browser showed.

Examples:
  cargo xtask report --open                 the last run, in the browser
  cargo xtask report 1795661286825          the run whose id begins so
  cargo xtask report out/record             the run with --record out/record")]
pub struct Args {
    /// An id, or how it begins or ends; a folder; last [default: last]
    run: Option<String>,
    /// Open it in the browser
    #[arg(long)]
    open: bool,
}

/// Runs it.
///
/// # Errors
/// [`xtask_engine::Error::Usage`] if no run is called so; `NotReady` if nothing opens the page.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let folder = runs::find(args.run.as_deref())?;
    let page = write_html(&folder, &runs::kept_logs())
        .with_context(|| format!("cannot make the page of the run whose record is in {}", folder.display()))?;
    context.events.output(page.display().to_string());
    if args.open { open(&page) } else { Ok(()) }
}

/// Opens a file with the program that this system has for it, and does not wait for that to end.
fn open(file: &Path) -> Result<()> {
    let (program, arguments): (_, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        // The first word in quotes is a title.
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(file);
    match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = format!("there is no {program} here that opens pages; open {} yourself", file.display());
            Err(NotReady(text).into())
        }
        Err(error) => Err(error).with_context(|| format!("cannot run {program}")),
    }
}
