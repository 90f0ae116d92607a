//! Services in plain output: their states, their lines, their failures.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::style::{DIM, GREEN, RED, YELLOW, seconds};
use crate::event::{Event, LeftService, ServiceState};

/// Colours by which services are told apart.
const COLORS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::BrightCyan,
];

/// How the name of the speaker at a place among others is written.
pub fn speaker(at: usize) -> Style {
    COLORS[at % COLORS.len()].on_default()
}

/// Characters of a session's id that people are asked to type.
const SHORT_SESSION: usize = 8;

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
        let style = speaker(at);
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
                ServiceState::Creating { .. } | ServiceState::Stopping => return None,
                ServiceState::Starting { .. } if !verbose => return None,
                ServiceState::Starting { probe } if probe.is_empty() => (DIM, "starting", service.clone()),
                ServiceState::Starting { probe } => {
                    (DIM, "starting", format!("{service} {DIM}until {probe}{DIM:#}"))
                }
                ServiceState::Ready => {
                    (GREEN, "ready", format!("{service} {DIM}after {}{DIM:#}", seconds(*took)))
                }
                ServiceState::Completed => {
                    (GREEN, "completed", format!("{service} {DIM}in {}{DIM:#}", seconds(*took)))
                }
                ServiceState::Failed => (RED, "FAILED", service.clone()),
            }),
            Event::ServicesRemoved { removed, seconds: took } => {
                let count = format!("{DIM}({removed} in number, in {}){DIM:#}", seconds(*took));
                Some((GREEN, "removed", format!("all that this run had in the engine {count}")))
            }
            _ => None,
        }
    }
}

/// How to look at what stays, and how to end it.
pub(super) fn left(session: &str, engine: Option<&str>, services: &[LeftService]) -> String {
    let mut text = super::style::line(YELLOW, "kept", "what ran is still there, to be looked into:");
    let host = engine.map(|engine| format!(" --host {engine}")).unwrap_or_default();
    let width = services.iter().map(|left| left.container.len()).max().unwrap_or_default();
    for LeftService { container, addresses, .. } in services {
        let addresses = addresses.iter().fold(String::new(), |text, address| format!("{text}  {address}"));
        let dim = if addresses.is_empty() { Style::new() } else { DIM };
        let _ = writeln!(
            text,
            "{:>12}   docker{host} exec -it {container:<width$} sh{dim}{addresses}{dim:#}",
            ""
        );
    }
    let session: String = session.chars().take(SHORT_SESSION).collect();
    let engine = engine.map(|engine| format!(" --engine {engine}")).unwrap_or_default();
    let _ = writeln!(text, "{:>12} to end it: cargo xtask clean{engine} --session {session}", "");
    text
}

/// What there is to look at, and where.
pub(super) fn artifacts(folder: &str, entries: &[(String, Option<usize>)]) -> String {
    let mut text = super::style::line(DIM, "artifacts", &format!("{folder}/"));
    for (path, files) in entries {
        let count = match files {
            None => String::new(),
            Some(1) => format!(" {DIM}(1 file){DIM:#}"),
            Some(files) => format!(" {DIM}({files} files){DIM:#}"),
        };
        let _ = writeln!(text, "{:>12}   {path}{count}", "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn state(service: &str, state: ServiceState, verbose: bool) -> Option<String> {
        let event = Event::Service { service: service.into(), state, seconds: 1.5 };
        let told = Services::default().state(&event, verbose);
        told.map(|(style, status, text)| plain(&super::super::style::line(style, status, &text)))
    }

    #[test]
    fn a_service_says_how_far_it_is() {
        let needs = vec!["database".into(), "crux-migrate".into()];
        let states = [
            state("crux", ServiceState::Waiting { needs }, false),
            state("crux", ServiceState::Starting { probe: "GET :1848/health".into() }, true),
            state("crux", ServiceState::Ready, false),
            state("crux-migrate", ServiceState::Completed, false),
            state("crux", ServiceState::Failed, false),
        ];
        insta::assert_snapshot!(states.map(Option::unwrap_or_default).concat());
        assert_eq!(state("crux", ServiceState::Starting { probe: String::new() }, false), None);
    }

    #[test]
    fn lines_stand_behind_the_name_of_who_says_them() {
        let mut services = Services::default();
        let lines = services.lines("crux", "one\ntwo\n") + &services.lines("database", "three\n");
        insta::assert_snapshot!(plain(&lines));
    }

    #[test]
    fn what_stays_is_told_with_how_to_enter_it_and_how_to_end_it() {
        let left = |service: &str, addresses: &[&str]| LeftService {
            service: service.into(),
            container: format!("xtask-0a1b2c3d-{service}"),
            addresses: addresses.iter().map(ToString::to_string).collect(),
        };
        let services = [left("database", &[]), left("crux", &["172.18.0.3:1848", "172.18.0.3:5000"])];
        let session = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let remote = super::left(session, Some("tcp://build:2375"), &services[..1]);
        insta::assert_snapshot!(plain(&(super::left(session, None, &services) + &remote)));
    }

    #[test]
    fn artifacts_are_named_one_a_line() {
        let entries = [
            ("playwright-report/index.html".to_owned(), None),
            ("screenshots".to_owned(), Some(12)),
            ("videos".to_owned(), Some(1)),
        ];
        insta::assert_snapshot!(plain(&artifacts("target/xtask/runs/1/e2e", &entries)));
    }
}
