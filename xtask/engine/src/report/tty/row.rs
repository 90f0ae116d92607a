//! A row of the live view: one thing that runs, waits or is done.

use anstyle::{AnsiColor, Style};

use super::line::{Line, width};
use super::tail::Tail;

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();

/// Turns of a spinner in a second.
pub(super) const TURNS: f64 = 10.0;
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// Columns that names get at most.
const LONGEST_NAME: usize = 20;

/// How far something is. The order is that in which rows are kept when there is no room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Failed,
    Running,
    Waiting,
    Done,
}

/// A row.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) stage: Stage,
    /// The pipeline or the service; empty where it is that of the row above.
    pub(super) name: String,
    /// What happens.
    pub(super) text: Line,
    /// How long, for people.
    pub(super) time: String,
    /// When it began, if it runs.
    pub(super) since: f64,
    /// Its last lines, and how many of them can be shown.
    pub(super) tail: Option<(&'a Tail, usize)>,
    pub(super) is_service: bool,
    /// It only says what the rows below are.
    pub(super) is_heading: bool,
}

impl<'a> Row<'a> {
    /// A row without a time.
    pub(super) fn new(stage: Stage, name: &str, text: Line) -> Self {
        let (name, time) = (name.to_owned(), String::new());
        Self { stage, name, text, time, since: 0.0, tail: None, is_service: false, is_heading: false }
    }

    /// A line that parts rows.
    pub(super) fn heading(text: &str) -> Self {
        let text = Line::default().text(DIM, text);
        Self { is_heading: true, ..Self::new(Stage::Done, "", text) }
    }

    /// This row with the time it took or takes.
    pub(super) fn time(self, time: String) -> Self {
        Self { time, ..self }
    }

    /// This row of something that runs since then and last said these lines.
    pub(super) fn running(self, since: f64, tail: Option<&'a Tail>) -> Self {
        let tail = tail.map(|tail| (tail, tail.len())).filter(|(_, lines)| *lines > 0);
        Self { since, tail, ..self }
    }

    /// As a line; names are as wide as `names`.
    pub(super) fn line(&self, names: usize, now: f64) -> Line {
        if self.is_heading {
            return self.text.clone();
        }
        let (style, symbol) = match self.stage {
            Stage::Failed => (RED, "✘"),
            Stage::Running => (CYAN, spinner(now)),
            Stage::Waiting => (DIM, "·"),
            Stage::Done => (GREEN, "✔"),
        };
        let name_style = match self.stage {
            Stage::Failed => RED,
            Stage::Running => BOLD,
            Stage::Waiting => DIM,
            Stage::Done => PLAIN,
        };
        let pad = names.saturating_sub(width(&self.name));
        let line = Line::default()
            .text(style, symbol)
            .text(PLAIN, " ")
            .text(name_style, self.name.clone())
            .text(PLAIN, " ".repeat(pad + 2));
        line.append(self.text.clone()).right(DIM, self.time.clone())
    }

    /// One of its last lines.
    pub(super) fn tail_line(text: &str, names: usize, columns: usize) -> Line {
        // On a narrow screen the lines need all the room there is.
        let indent = if columns < 100 { 2 } else { names + 4 };
        Line::default().text(DIM, format!("{:indent$}│ {}", "", super::clean::plain(text)))
    }
}

/// How wide names are drawn.
pub(super) fn name_width<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> usize {
    rows.map(|row| width(&row.name)).max().unwrap_or_default().min(LONGEST_NAME)
}

pub(super) fn spinner(now: f64) -> &'static str {
    SPINNER[(now * TURNS).max(0.0) as usize % SPINNER.len()]
}

/// How long something runs: nothing at first, then whole seconds, which change calmly.
pub(super) fn running_for(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    match whole {
        0 => String::new(),
        1..60 => format!("{whole}s"),
        60..3600 => format!("{}m {:02}s", whole / 60, whole % 60),
        _ => format!("{}h {:02}m", whole / 3600, whole / 60 % 60),
    }
}

/// How long something took.
pub(super) fn took(seconds: f64) -> String {
    if seconds < 60.0 { format!("{seconds:.1}s") } else { running_for(seconds) }
}

/// How long something runs, and how long it usually does.
pub(super) fn of_usual(seconds: f64, usual: Option<f64>) -> String {
    let so_far = running_for(seconds);
    match usual {
        // What is over in a moment needs no promise.
        Some(usual) if usual < 2.0 || so_far.is_empty() => so_far,
        Some(usual) if seconds > usual + 1.0 => format!("{so_far}, usually {}", running_for(usual.round())),
        Some(usual) => format!("{so_far} of about {}", running_for(usual.round())),
        None => so_far,
    }
}

/// `1 step`, `9 steps`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The names of one or two services, or how many they are.
pub(super) fn some_of(services: &[&str]) -> String {
    match services {
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} and {other}"),
        more => format!("{} services", more.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_calmly() {
        assert_eq!(
            [0.9, 1.0, 59.9, 60.0, 3599.0, 3660.0].map(running_for),
            ["", "1s", "59s", "1m 00s", "59m 59s", "1h 01m"]
        );
        assert_eq!([0.04, 59.9, 65.0].map(took), ["0.0s", "59.9s", "1m 05s"]);
        assert_eq!(of_usual(4.2, Some(12.4)), "4s of about 12s");
        assert_eq!(of_usual(15.0, Some(12.4)), "15s, usually 12s");
        assert_eq!(
            [of_usual(0.5, Some(12.0)), of_usual(4.0, Some(1.0)), of_usual(4.0, None)],
            ["", "4s", "4s"]
        );
    }
}
