//! Recognising, in bollard's errors, an engine or a connection that went away.

use std::error::Error as _;
use std::io;

use bollard::errors::Error;

use super::error::{cause, reason};

/// What hyper says when an answer breaks off. bollard keeps only this text (`read.rs`, `StreamReader`).
const BROKEN_BODY: &str = "error reading a body from connection";

/// Whether `error` means that the engine, or the connection to it, went away.
pub(crate) fn is_gone(error: &Error) -> bool {
    match error {
        // An error of our own body (`is_user`) has a cause of that kind, too.
        Error::HyperResponseError { err } if err.is_user() => false,
        Error::HyperResponseError { err } => {
            let has_io_cause = err.source().is_some_and(|source| source.is::<io::Error>());
            err.is_closed() || err.is_canceled() || err.is_incomplete_message() || has_io_cause
        }
        Error::IOError { err } => is_lost(err.kind()) || is_broken_body(err),
        _ => false,
    }
}

/// The reason in an error that means that the engine went away.
pub(crate) fn lost(error: &Error) -> String {
    match error {
        Error::IOError { err } if is_broken_body(err) => {
            "the connection broke in the middle of an answer".into()
        }
        Error::IOError { err } => reason(err),
        other => cause(other),
    }
}

fn is_broken_body(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Other && error.to_string().starts_with(BROKEN_BODY)
}

/// Kinds of errors of opening or using a connection; `NotFound` is a socket that was removed.
fn is_lost(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as K;
    matches!(
        kind,
        K::ConnectionRefused
            | K::ConnectionReset
            | K::ConnectionAborted
            | K::BrokenPipe
            | K::UnexpectedEof
            | K::NotFound
    )
}
