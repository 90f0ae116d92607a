//! Questions before something that cannot be taken back.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, Result};
use tokio::sync::oneshot;

use crate::host::{Interrupted, Usage};
use tokio_util::sync::CancellationToken;
use xtask_engine::event::Events;

/// Asks `question` and returns if a person says yes.
///
/// # Errors
/// `Usage` with `instead` if there is no terminal to ask on, or if the answer is no.
///
/// It comes behind all that was told before it.
pub(crate) async fn ask(
    events: &Events,
    question: &str,
    instead: &str,
    stop: &CancellationToken,
) -> Result<()> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Usage(format!("there is no terminal to ask on: {instead}")).into());
    }
    if std::io::stdout().is_terminal() {
        events.output(format!("{question} [y/N]"));
    } else {
        let mut stderr = std::io::stderr();
        write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).context("cannot ask")?;
    }
    // A thread of its own: one that waits for a key must not keep the process from ending.
    let (sender, answer) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).map(|_| line);
        // The question was given up meanwhile.
        let _ = sender.send(read);
    });
    let line = tokio::select! {
        line = answer => line.context("cannot read the answer")?.context("cannot read the answer")?,
        () = stop.cancelled() => return Err(Interrupted.into()),
    };
    if is_yes(&line) { Ok(()) } else { Err(Usage("nothing was done".into()).into()) }
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_yes_is_yes() {
        assert!([" y\n", "Y\n", "yes\n"].into_iter().all(is_yes));
        assert!(!["", "\n", "n\n", "yeah\n"].into_iter().any(is_yes));
    }
}
