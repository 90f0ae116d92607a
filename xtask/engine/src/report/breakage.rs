//! What failed and is no test of a report: a command, a step, a service, the run as a whole.

use crate::event::Event;

/// A failure that no test tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Breakage {
    /// The pipeline or the service it happened to.
    pub of: String,
    /// The step that failed, as a user would say it; of a service, its name.
    pub what: String,
    /// Why, as a sentence.
    pub why: String,
    /// The last lines of the output.
    pub tail: Vec<String>,
    /// Where all of it is; empty if there is none.
    pub log: String,
}

impl Breakage {
    /// What an event tells of it. A test command whose report has failed tests is none: they tell.
    pub(super) fn told_by(event: &Event) -> Option<Self> {
        match event {
            Event::TestFinished {
                pipeline, step, exit_code, timed_out, broken, failures, tail, log, ..
            } if *exit_code != 0 && (failures.is_empty() || *timed_out || broken.is_some()) => {
                let why = match broken {
                    Some(broken) => format!("`{step}` was stopped: {broken}"),
                    None if *timed_out => format!("`{step}` was stopped by the time limit"),
                    None => format!("`{step}` failed with exit code {exit_code}"),
                };
                let (of, what) = (pipeline.clone(), step.clone());
                Some(Self { of, what, why, tail: tail.clone(), log: log.clone() })
            }
            Event::StepFailed { pipeline, step, exit_code, tail, log } => {
                let how = exit_code.map_or_else(String::new, |code| format!(" with exit code {code}"));
                let (of, what, why) = (pipeline.clone(), step.clone(), format!("`{step}` failed{how}"));
                Some(Self { of, what, why, tail: tail.clone(), log: log.clone() })
            }
            Event::ServiceFailed { service, why, tail, log } => {
                let (of, what) = (service.clone(), service.clone());
                Some(Self { of, what, why: why.clone(), tail: tail.clone(), log: log.clone() })
            }
            _ => None,
        }
    }

    /// That the run as a whole failed, or was stopped: `error` is what it says itself.
    pub(super) fn of_run(task: &str, exit_code: i32, error: Option<&str>) -> Self {
        let what = format!("cargo xtask {task}").trim_end().to_owned();
        let why = error.map_or_else(|| format!("`{what}` ended with exit code {exit_code}"), str::to_owned);
        Self { of: what.clone(), what, why, tail: Vec::new(), log: String::new() }
    }
}
