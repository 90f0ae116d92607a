//! Mistakes in a pipeline, found when it is used.

use std::panic::Location;

use thiserror::Error;

/// A mistake in a pipeline: what, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}, in the pipeline at {file}:{line}")]
pub struct PipelineError {
    what: String,
    file: &'static str,
    line: u32,
}

impl PipelineError {
    pub(crate) fn new(what: impl Into<String>, place: &'static Location<'static>) -> Self {
        Self { what: what.into(), file: place.file(), line: place.line() }
    }
}
