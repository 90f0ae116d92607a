//! Who listens to a run. A reporter reads events and nothing else.

mod again;
mod breakage;
#[cfg(test)]
mod fixtures;
mod github;
mod json;
mod junit;
mod plain;
mod plain_services;
#[cfg(test)]
mod plain_tests;
mod record;
mod run;
#[cfg(test)]
mod schema;

pub use github::{Github, GithubOptions};
pub use json::Json;
pub use junit::Junit;
pub use plain::{Plain, Verbosity};
pub use record::{EVENTS, Record, SUMMARY, TimedEvent, step_log};
pub use run::{End, Pipeline, Pull, Run, Service, Step, StepFailure, Test};
