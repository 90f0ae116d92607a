//! Who listens to a run. A reporter reads events and nothing else.

mod ending;
mod kept;
mod plain;
mod plain_services;
#[cfg(test)]
mod plain_tests;
mod record;
mod run;
mod style;

pub use kept::KeptLogs;
pub use plain::{Plain, Verbosity};
pub use plain_services::speaker;
pub use record::{EVENTS, Record, SUMMARY, TimedEvent, step_log};
pub use run::{End, Left, Pipeline, Pull, Run, Service, ServiceFailure, Step, StepFailure, Test};
pub use style::{ago, seconds as duration};
