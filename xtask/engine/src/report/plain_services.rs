//! Services in plain output: their states, their lines, their failures.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::plain::{DIM, GREEN, RED, YELLOW, seconds};
use crate::event::{Event, ServiceState};

/// Colours by which services are told apart.
const COLORS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::BrightCyan,
];

/// What plain output knows of services.
#[derive(Debug, Default)]
pub(super) struct Services {
    /// Those whose lines are shown.
    followed: BTreeSet<String>,
    /// In the order in which they spoke first.
    speakers: Vec<String>,
}

impl Services {
    /// From now on the lines of these are shown.
    pub(super) fn follow(&mut self, services: &[String]) {
        self.followed.extend(services.iter().cloned());
    }

    /// Whether the lines of a service are shown.
    pub(super) fn are_followed(&self, service: &str) -> bool {
        self.followed.contains(service)
    }

    /// Lines of a service behind its name.
    pub(super) fn lines(&mut self, service: &str, text: &str) -> String {
        let at = self.speakers.iter().position(|known| known == service).unwrap_or_else(|| {
            self.speakers.push(service.to_owned());
            self.speakers.len() - 1
        });
        let style = COLORS[at % COLORS.len()].on_default();
        text.lines().fold(String::new(), |mut block, line| {
            let _ = writeln!(block, "{style}{service:>12} |{style:#} {line}");
            block
        })
    }

    /// How far a service is, as style, status and text; nothing where that is a detail.
    pub(super) fn state(&self, event: &Event, verbose: bool) -> Option<(Style, &'static str, String)> {
        match event {
            Event::Service { service, state, seconds: took } => Some(match state {
                ServiceState::Waiting { needs } => {
                    (DIM, "waiting", format!("{service} {DIM}for {}{DIM:#}", needs.join(", ")))
                }
                ServiceState::Starting if !verbose => return None,
                ServiceState::Starting => (DIM, "starting", service.clone()),
                ServiceState::Ready => {
                    (GREEN, "ready", format!("{service} {DIM}after {}{DIM:#}", seconds(*took)))
                }
                ServiceState::Completed => {
                    (GREEN, "completed", format!("{service} {DIM}in {}{DIM:#}", seconds(*took)))
                }
                ServiceState::Failed => (RED, "FAILED", service.clone()),
            }),
            Event::ServicesRemoved { removed, seconds: took } => {
                let text = format!("all {removed} containers, networks and volumes of this run");
                Some((GREEN, "removed", format!("{text} {DIM}in {}{DIM:#}", seconds(*took))))
            }
            _ => None,
        }
    }
}

/// A service's failure: its last lines, and where all of them are.
pub(super) fn failure(why: &str, tail: &[String], log: &str) -> (String, String) {
    let mut output = format!("\n{RED}FAILED{RED:#} {why}\n");
    if tail.is_empty() && !log.is_empty() {
        output += "    it said nothing\n";
    }
    for line in tail {
        let _ = writeln!(output, "    {line}");
    }
    let log = if log.is_empty() { String::new() } else { format!("\nits complete log: {log}\n") };
    (output, log)
}

/// How to look at what stays, and how to end it.
pub(super) fn left(session: &str, containers: &[(String, String)]) -> String {
    let mut text = super::plain::line(YELLOW, "kept", "what ran is still there; to look into a part of it:");
    for (_, container) in containers {
        let _ = writeln!(text, "{:>12} docker exec -it {container} sh", "");
    }
    let _ = writeln!(text, "{:>12} to end it: cargo xtask clean --session {session}", "");
    text
}
