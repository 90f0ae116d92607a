//! Directories of the host: what a step sees of them, and whether it changed. Reads the disk,
//! knows nothing of BuildKit.

mod error;
mod filter;
mod parallel;
mod stat;
mod view;
mod walk;

pub(crate) use error::unreadable;
pub use error::{SourceError, reason};
pub(crate) use stat::{Entry, Kind, changed};
pub(crate) use view::View;

/// Whether a file of this name holds an environment's settings, which never travel. The templates
/// beside them do.
pub(crate) fn is_dotenv(name: &str) -> bool {
    const TEMPLATES: [&str; 5] = ["example", "sample", "template", "dist", "schema"];
    match name.strip_prefix(".env") {
        Some("") => true,
        Some(rest) => {
            rest.strip_prefix('.').is_some_and(|rest| !rest.split('.').any(|part| TEMPLATES.contains(&part)))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_dotenv;

    #[test]
    fn dotenv_files_are_known_by_name_and_their_templates_are_not() {
        for name in [".env", ".env.local", ".env.production", ".env.test.local"] {
            assert!(is_dotenv(name), "{name}");
        }
        for name in [".env.example", ".env.sample", ".env.example.local", ".environment", "x.env", ".envrc"] {
            assert!(!is_dotenv(name), "{name}");
        }
    }
}
