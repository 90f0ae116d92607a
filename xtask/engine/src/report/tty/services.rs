//! Services in the live view.

use super::line::Line;
use super::pipelines::missing;
use super::row::{DIM, GREEN, PLAIN, RED, Row, Stage, of_usual, some_of, took};
use super::state::State;
use crate::event::ServiceState;
use crate::report::{History, Run, Service};

/// The rows of all services; those that have settled in one row, if `merge`.
pub(super) fn rows<'a>(state: &'a State, history: &History, now: f64, merge: bool) -> Vec<Row<'a>> {
    let run = &state.run;
    if run.services.is_empty() {
        return Vec::new();
    }
    let mut rows = Vec::new();
    if merge {
        rows.extend(settled(run));
    }
    for service in &run.services {
        if !merge || !is_settled(service) {
            rows.push(row(service, state, history, now));
        }
    }
    rows
}

/// One row for all services at the end of a run: what they came to, whatever ended them.
pub(super) fn ended<'a>(state: &State) -> Option<Row<'a>> {
    let came = |service: &Service, to: fn(&ServiceState) -> bool| service.since(to).is_some();
    let kinds = [
        ("failed", of(&state.run, |service| came(service, |state| *state == ServiceState::Failed))),
        ("ready", of(&state.run, |service| came(service, |state| *state == ServiceState::Ready))),
        ("completed", of(&state.run, |service| came(service, |state| *state == ServiceState::Completed))),
    ];
    let is_failed = !kinds[0].1.is_empty();
    let mut row = merged(&kinds, if state.removed.is_some() { ", all removed" } else { "" })?;
    row.stage = if is_failed { Stage::Failed } else { Stage::Done };
    Some(row)
}

fn row<'a>(service: &'a Service, state: &'a State, history: &History, now: f64) -> Row<'a> {
    let run = &state.run;
    let line = Line::default();
    let waits = |needs| match &*missing(needs, run) {
        [] => line.clone().text(PLAIN, "starting"),
        missing => line.clone().text(DIM, format!("waits for {}", some_of(missing))),
    };
    let named = |stage, text| Row { is_service: true, ..Row::new(stage, &service.name, text) };
    let Some((since, last)) = service.states.last() else { return named(Stage::Waiting, line) };
    match last {
        ServiceState::Creating { pipeline, needs } => {
            let is_built = run.pipelines.iter().any(|known| known.name == *pipeline && known.ended.is_some());
            if is_built {
                named(
                    Stage::Waiting,
                    if needs.is_empty() { line.text(DIM, "creating") } else { waits(needs) },
                )
            } else {
                named(Stage::Waiting, line.text(DIM, "waits for its image"))
            }
        }
        ServiceState::Waiting { needs } => named(Stage::Waiting, waits(needs)),
        ServiceState::Starting { probe } => {
            let text = if probe.is_empty() {
                line.text(PLAIN, "running")
            } else {
                line.text(PLAIN, "starting").text(DIM, format!(" until {probe}"))
            };
            let usual = history.usual("", &service.name);
            named(Stage::Running, text)
                .time(of_usual(now - since, usual))
                .running(*since, state.of_service(&service.name))
        }
        ServiceState::Ready => named(Stage::Done, line.text(GREEN, "ready")).time(took(service.seconds)),
        ServiceState::Completed => {
            named(Stage::Done, line.text(GREEN, "completed")).time(took(service.seconds))
        }
        ServiceState::Failed => {
            let why = service.failure.as_ref().map_or("failed", |failure| &failure.why);
            // Its name stands before it.
            let why = why.strip_prefix(&*service.name).map_or(why, str::trim_start);
            named(Stage::Failed, line.text(RED, why))
        }
        ServiceState::Stopping => named(Stage::Waiting, line.text(DIM, "stopping")),
    }
}

fn is_settled(service: &Service) -> bool {
    matches!(service.state(), Some(ServiceState::Ready | ServiceState::Completed | ServiceState::Stopping))
}

/// One row for the services that are where they are to be.
fn settled<'a>(run: &Run) -> Option<Row<'a>> {
    let are = |state: ServiceState| of(run, move |service| service.state() == Some(&state));
    let kinds = [
        ("stopping", are(ServiceState::Stopping)),
        ("ready", are(ServiceState::Ready)),
        ("completed", are(ServiceState::Completed)),
    ];
    let mut row = merged(&kinds, "")?;
    if !kinds[0].1.is_empty() {
        row.stage = Stage::Waiting;
    }
    Some(row)
}

fn of(run: &Run, is: impl Fn(&Service) -> bool) -> Vec<&str> {
    run.services.iter().filter(|service| is(service)).map(|service| &*service.name).collect()
}

/// Services by what they are, in one row; none if there are none.
fn merged<'a>(kinds: &[(&str, Vec<&str>)], after: &str) -> Option<Row<'a>> {
    let kinds: Vec<_> = kinds.iter().filter(|(_, names)| !names.is_empty()).collect();
    if kinds.is_empty() {
        return None;
    }
    let counts: Vec<String> = kinds.iter().map(|(what, names)| format!("{} {what}", names.len())).collect();
    let names: Vec<&str> = kinds.iter().flat_map(|(_, names)| names).copied().collect();
    let text = Line::default()
        .text(PLAIN, format!("{}{after}", counts.join(", ")))
        .text(DIM, format!("  {}", names.join(", ")));
    Some(Row { is_service: true, ..Row::new(Stage::Done, "services", text) })
}
