//! Who listens to a run. A reporter reads events and nothing else.

mod plain;
mod record;

pub use plain::{Plain, Verbosity};
pub use record::Record;
