//! Who listens to a run. A reporter reads events and nothing else.

mod breakage;
mod critical_path;
mod ending;
#[cfg(test)]
mod fixtures;
mod github;
mod history;
mod html;
mod json;
mod junit;
mod kept;
mod plain;
mod plain_services;
#[cfg(test)]
mod plain_tests;
mod reader;
mod record;
mod run;
#[cfg(test)]
mod schema;
mod style;
mod timeline;
mod trace;
mod tty;

pub use critical_path::{CriticalPath, Segment};
pub use github::{Github, GithubOptions};
pub use history::History;
pub use html::{Html, REPORT, write as write_html};
pub use json::Json;
pub use junit::Junit;
pub use kept::KeptLogs;
pub use plain::{Plain, Verbosity};
pub use plain_services::speaker;
pub use record::{EVENTS, Record, SUMMARY, TimedEvent, step_log};
pub use run::{End, Folder, Left, Pipeline, Pull, Run, Service, ServiceFailure, Step, StepFailure, Test};
pub use style::{ago, seconds as duration};
pub use timeline::{Bar, BarState, Group, GroupKind, Lane, LaneKind, Timeline};
pub use trace::{Trace, trace};
pub use tty::{Look, Screen, Tty};
