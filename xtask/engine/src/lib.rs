//! Containers as code. A pipeline is a value; it compiles to BuildKit's LLB; the BuildKit inside
//! Docker Engine runs and caches it.

mod buildkit;
pub mod docker;
pub mod dotenv;
mod error;
pub mod event;
mod lease;
mod lines;
mod llb;
mod log_file;
mod one_line;
pub mod pipeline;
mod redact;
pub mod report;
pub mod results;
mod service;
pub mod session;
mod size;
pub mod source;
pub mod watchdog;

pub use buildkit::{CacheRecord, Prune};
pub use error::Error;
pub use one_line::in_one_line;
pub use service::{PlanError, ServiceFailure, Why};
pub use session::Session;
pub use size::bytes;

use std::fmt::Write;

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}
