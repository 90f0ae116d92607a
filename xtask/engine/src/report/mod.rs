//! Who listens to a run. A reporter reads events and nothing else.

mod plain;
mod plain_services;
#[cfg(test)]
mod plain_tests;
mod record;

pub use plain::{Plain, Verbosity};
pub use record::Record;
