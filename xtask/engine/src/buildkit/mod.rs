//! The client of BuildKit: its `Control` service, and the session on which it calls back for
//! files and secrets. Works over any stream that speaks it: Docker Engine's `/grpc` and
//! `/session`, or a `buildkitd` of its own.

mod attachment;
mod auth;
mod control;
mod error;
mod export;
mod file_sync;
mod io;
mod secrets;
mod solve;
mod status;

pub(crate) use attachment::{Attachment, Offer};
pub(crate) use control::Control;
pub use control::{CacheRecord, Prune};
pub(crate) use error::{SolveError, exit_code};
pub(crate) use file_sync::Transfers;
pub(crate) use secrets::SecretStore;
pub(crate) use solve::{Exporter, IMAGE_NAME, Limits, Solve, solve};
pub(crate) use status::{Counts, Progress};
