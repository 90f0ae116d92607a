//! How plain words look: colours, the first column, durations.

use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::event::{MadeBefore, Outcome, StepKind, TestCounts};

/// The width of the first column, as cargo's.
pub(super) const STATUS_WIDTH: usize = 12;

pub(super) const GREEN: Style = AnsiColor::Green.on_default().bold();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default().bold();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const DIM: Style = Style::new().dimmed();

pub(super) fn line(style: Style, status: &str, text: &str) -> String {
    format!("{style}{status:>STATUS_WIDTH$}{style:#} {text}\n")
}

/// Who says something.
pub(super) fn speaker(step: &str, pipeline: &str) -> String {
    format!("{step} {DIM}> in {pipeline}{DIM:#}")
}

/// `0.15s`, `12.3s`, `4m 07s`.
pub fn seconds(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.2}s")
    } else if seconds < 60.0 {
        format!("{seconds:.1}s")
    } else {
        let whole = Duration::from_secs_f64(seconds.min(1e9)).as_secs();
        format!("{}m {:02}s", whole / 60, whole % 60)
    }
}

/// `ran 2 h ago in 5.1s`; `now` is in seconds since 1970.
pub(super) fn before(before: &MadeBefore, now: f64) -> String {
    format!("ran {} ago in {}", ago(now - before.ended), seconds(before.seconds))
}

/// A time that is over, in its largest unit: `2 h`, `3 days`.
pub fn ago(seconds: f64) -> String {
    let minutes = (seconds / 60.0).max(0.0) as u64;
    match (minutes, minutes / 60, minutes / 60 / 24) {
        (0, ..) => format!("{:.0} s", seconds.max(0.0)),
        (_, 0, _) => format!("{minutes} min"),
        (_, hours, 0) => format!("{hours} h"),
        (.., 1) => "1 day".into(),
        (.., days) => format!("{days} days"),
    }
}

/// How a step ended, as style, word and further facts.
pub(super) fn outcome(outcome: &Outcome, kind: StepKind, took: f64, facts: &str) -> (Style, String, String) {
    match outcome {
        Outcome::Cached => (CYAN, "CACHED".into(), facts.into()),
        Outcome::Ran if kind == StepKind::Upload => (GREEN, "sent".into(), facts.into()),
        Outcome::Ran => (GREEN, seconds(took), facts.into()),
        Outcome::Shared => (CYAN, "SHARED".into(), "done by another run at the same time".into()),
        Outcome::Unchanged => (DIM, "unchanged".into(), facts.into()),
        Outcome::Canceled => (YELLOW, "stopped".into(), facts.into()),
        Outcome::Failed { .. } => (RED, "FAILED".into(), seconds(took)),
    }
}

/// The last line of a run: how it ended, and how long it took.
pub(super) fn end(exit_code: i32, took: f64) -> String {
    let (style, status, when) = match exit_code {
        0 => (GREEN, "Finished", "in"),
        // 128 and a signal's number.
        129.. => (YELLOW, "Stopped", "after"),
        _ => (RED, "Failed", "in"),
    };
    line(style, status, &format!("{when} {}", seconds(took)))
}

/// `11 passed, 1 failed`.
pub(super) fn counts(counts: &TestCounts) -> String {
    let TestCounts { passed, failed, skipped } = *counts;
    let more = [(failed, "failed"), (skipped, "skipped")];
    let more =
        more.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
    more.fold(format!("{passed} passed"), |text, more| text + &more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_a_unit_that_fits() {
        assert_eq!([0.004, 9.99, 59.94, 247.2].map(seconds), ["0.00s", "9.99s", "59.9s", "4m 07s"]);
        let times = [-5.0, 0.2, 59.0, 61.0, 7200.0, 86400.0, 3e6].map(ago);
        assert_eq!(times, ["0 s", "0 s", "59 s", "1 min", "2 h", "1 day", "34 days"]);
    }
}
