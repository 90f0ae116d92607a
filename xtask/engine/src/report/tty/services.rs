//! Services in the live view.

use super::line::Line;
use super::pipelines::missing;
use super::row::{DIM, GREEN, PLAIN, RED, Row, Stage, counted, of_usual, some_of, took};
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
    } else {
        rows.push(Row::heading("services"));
    }
    for service in &run.services {
        if !merge || !is_settled(service) {
            rows.push(row(service, state, history, now));
        }
    }
    rows
}

/// One row for all services at the end of a run.
pub(super) fn ended<'a>(state: &State) -> Option<Row<'a>> {
    let run = &state.run;
    let mut row = settled(run)?;
    if let Some(removed) = state.removed {
        row.text = row.text.text(DIM, format!("; all {removed} things of the run in the engine were removed"));
    }
    Some(row)
}

fn row<'a>(service: &'a Service, state: &'a State, history: &History, now: f64) -> Row<'a> {
    let run = &state.run;
    let line = Line::default();
    let waits = |needs| match &*missing(needs, run) {
        [] => line.clone().text(PLAIN, "starting"),
        missing => line.clone().text(DIM, format!("waits for {}", some_of(missing))),
    };
    let named = |stage, text| Row::new(stage, &service.name, text);
    let Some((since, last)) = service.states.last() else { return named(Stage::Waiting, line) };
    match last {
        ServiceState::Creating { pipeline, needs } => {
            let is_built = run.pipelines.iter().any(|known| known.name == *pipeline && known.ended.is_some());
            if is_built {
                named(Stage::Waiting, if needs.is_empty() { line.text(DIM, "creating") } else { waits(needs) })
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
        ServiceState::Ready => {
            named(Stage::Done, line.text(GREEN, "ready")).time(took(service.seconds))
        }
        ServiceState::Completed => {
            named(Stage::Done, line.text(GREEN, "completed")).time(took(service.seconds))
        }
        ServiceState::Failed => {
            let why = service.failure.as_ref().map_or("failed", |(why, _)| why);
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
    let that_are = |is: fn(&Service) -> bool| -> Vec<&str> {
        run.services.iter().filter(|service| is(service)).map(|service| &*service.name).collect()
    };
    let stopping = that_are(|service| matches!(service.state(), Some(ServiceState::Stopping)));
    let completed = that_are(|service| matches!(service.state(), Some(ServiceState::Completed)));
    let ready = that_are(|service| matches!(service.state(), Some(ServiceState::Ready)));
    let all = [&*stopping, &*ready, &*completed].concat();
    if all.is_empty() {
        return None;
    }
    let kinds = [(stopping.len(), "stopping"), (ready.len(), "ready"), (completed.len(), "completed")];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let text = Line::default()
        .text(PLAIN, kinds.collect::<Vec<_>>().join(", "))
        .text(DIM, format!("  {}", all.join(", ")));
    Some(Row::new(Stage::Done, &counted(all.len(), "service"), text))
}
