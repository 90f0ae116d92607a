//! Who listens to a run. A reporter reads events and nothing else.

mod history;
mod plain;
mod plain_services;
#[cfg(test)]
mod plain_tests;
mod record;
mod run;
mod tty;

pub use history::History;
pub use plain::{Plain, Verbosity};
pub use record::{EVENTS, Record, SUMMARY, TimedEvent, step_log};
pub use run::{End, Pipeline, Pull, Run, Service, Step, StepFailure, Test};
pub use tty::{Look, Screen, Tty};
