//! A frame of the live view, from what is known at a moment and the size of the terminal: nothing
//! else. It says as much as there is room for, and what matters most in any case.

use super::line::{Drawn, Line};
use super::painter::Size;
use super::pipelines::{self, Group, bar};
use super::row::{BOLD, DIM, PLAIN, Row, Stage, YELLOW, name_width, running_for};
use super::services;
use super::state::State;
use crate::report::History;

/// Lines that something that runs alone is given before others say more.
const LONE: usize = 12;
/// Lines that each of several things that run is given.
const SHARED: usize = 3;
/// Columns of the header's bar.
const BAR: usize = 20;

/// What a frame is drawn of.
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    pub(super) history: &'a History,
    /// When the run is likely to end, in seconds since it began.
    pub(super) end: Option<f64>,
    /// Somebody stopped it.
    pub(super) is_stopping: bool,
    pub(super) colors: bool,
}

/// How much is told of what needs no attention, from much to little.
#[derive(Debug, Clone, Copy)]
struct Detail {
    /// A blank line stands above all and above each heading.
    spaced: bool,
    /// Pipelines that are done have a row each.
    done: bool,
    /// Services that have settled have a row each.
    services: bool,
    /// Rows of each pipeline for what waits.
    waiting: usize,
}

const DETAILS: [Detail; 6] = [
    Detail { spaced: true, done: true, services: true, waiting: 3 },
    Detail { spaced: false, done: true, services: true, waiting: 3 },
    Detail { spaced: false, done: true, services: true, waiting: 1 },
    Detail { spaced: false, done: false, services: true, waiting: 1 },
    Detail { spaced: false, done: false, services: false, waiting: 1 },
    Detail { spaced: false, done: false, services: false, waiting: 0 },
];

/// How brief a frame is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Brevity(usize);

impl Brevity {
    const MOST: Self = Self(DETAILS.len() - 1);

    fn detail(self) -> Detail {
        DETAILS[self.0]
    }

    /// Whether it can be briefer, and is.
    fn grow(&mut self) -> bool {
        let can = self.0 + 1 < DETAILS.len();
        self.0 += usize::from(can);
        can
    }
}

impl View<'_> {
    /// The lines at a time, in seconds since the run began; fewer than the terminal has rows. It is as
    /// `brief` as the frame before, or more so: what was merged stays merged.
    pub(super) fn frame(&self, now: f64, size: Size, brief: &mut Brevity) -> Vec<Drawn> {
        // One row is for the header, one for the cursor.
        let room = size.rows.saturating_sub(2);
        let mut rows = self.rows(now, brief.detail());
        // Once all is there, what it says has the screen.
        if self.state.is_following() && rows.iter().all(|row| row.stage == Stage::Done) {
            *brief = Brevity::MOST;
            rows = self.rows(now, brief.detail());
        }
        let needed =
            |rows: &[Row<'_>], brief: Brevity| rows.len() + wanted(rows) + usize::from(brief.detail().spaced);
        while needed(&rows, *brief) > room && brief.grow() {
            rows = self.rows(now, brief.detail());
        }
        let more = cut(&mut rows, room);
        let used = rows.len() + usize::from(more.is_some());
        let used = used + usize::from(brief.detail().spaced);
        let tails = share(&rows, room.saturating_sub(used));
        let names = name_width(rows.iter());
        let mut lines = vec![self.header(now, size.columns)];
        if brief.detail().spaced {
            lines.insert(0, Line::default());
        }
        for (row, count) in rows.iter().zip(tails) {
            lines.push(row.line(names, now));
            let tail = row.tail.into_iter().flat_map(|(tail, _)| tail.last(count));
            lines.extend(tail.map(|text| Row::tail_line(text, names, size.columns)));
        }
        lines.extend(more);
        lines.truncate(size.rows.saturating_sub(1));
        lines.iter().map(|line| line.draw(size.columns, self.colors)).collect()
    }

    /// What came of it, as rows without any room to save.
    pub(super) fn result(&self, columns: usize) -> Vec<Drawn> {
        let run = &self.state.run;
        let groups = pipelines::groups(run);
        let ended = |needs_services: bool| {
            groups
                .iter()
                .filter(move |group| group.needs_services() == needs_services)
                .map(|group| group.ended(run))
        };
        let mut rows: Vec<Row<'_>> = ended(false).collect();
        rows.extend(services::ended(self.state));
        rows.extend(ended(true));
        let names = name_width(rows.iter());
        rows.iter().map(|row| row.line(names, 0.0).draw(columns, self.colors)).collect()
    }

    fn header(&self, now: f64, columns: usize) -> Line {
        let line = Line::default()
            .text(BOLD, self.state.run.task.clone())
            .text(DIM, format!("  {}", running_for(now)));
        if self.is_stopping {
            return line.text(YELLOW, "  stopping: removing what ran");
        }
        let Some(end) = self.end else { return line };
        let left = end - now;
        let text =
            if left < 1.0 { "longer than usual".into() } else { format!("about {} left", rounded(left)) };
        let line = line.right(DIM, text);
        if columns < 60 {
            return line;
        }
        let filled = bar(Line::default(), now / end, BAR);
        line.right(PLAIN, "  ").append_right(filled)
    }

    fn rows(&self, now: f64, detail: Detail) -> Vec<Row<'_>> {
        let run = &self.state.run;
        let groups = pipelines::groups(run);
        let is_quiet = |group: &&Group<'_>| group.stage() == Stage::Done;
        let mut rows: Vec<Row<'_>> = pipelines::pulls(run, now).collect();
        let done: Vec<&Group<'_>> = groups.iter().filter(is_quiet).collect();
        let merge = !detail.done && done.len() > 1;
        if merge {
            rows.retain(|row| row.stage != Stage::Done);
            rows.push(pipelines::merged(&done));
        }
        let shown: Vec<&Group<'_>> = groups.iter().filter(|group| !merge || !is_quiet(group)).collect();
        // What needs services comes below them: rows are in the order in which work gets done.
        let (last, first): (Vec<&Group<'_>>, Vec<&Group<'_>>) =
            shown.into_iter().partition(|group| group.needs_services());
        for group in first {
            rows.extend(group.rows(self.state, self.history, now, detail.waiting));
        }
        let heading = |rows: &mut Vec<Row<'_>>, text| {
            if detail.spaced && !rows.is_empty() {
                rows.push(Row::heading(""));
            }
            rows.push(Row::heading(text));
        };
        if detail.services && !run.services.is_empty() {
            heading(&mut rows, "services");
        }
        rows.extend(services::rows(self.state, self.history, now, !detail.services));
        if detail.services && !run.services.is_empty() && !last.is_empty() {
            heading(&mut rows, "tests");
        }
        for group in last {
            rows.extend(group.rows(self.state, self.history, now, detail.waiting));
        }
        rows
    }
}

/// Lines of output that a calm frame has room for.
fn wanted(rows: &[Row<'_>]) -> usize {
    // What is to have the room is given it at once, so that nothing has to move when it is used.
    if lone(rows) { LONE } else { rows.iter().filter(|row| row.tail.is_some()).count() }
}

/// Whether all that runs is one step: then what it says is what there is to see.
fn lone(rows: &[Row<'_>]) -> bool {
    let mut running = rows.iter().filter(|row| row.stage == Stage::Running);
    running.next().is_some_and(|row| !row.is_service) && running.next().is_none()
}

/// How many lines of output each row is given of `room`: those that run longest first.
fn share(rows: &[Row<'_>], mut room: usize) -> Vec<usize> {
    let mut given = vec![0; rows.len()];
    let mut speaking: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].tail.is_some()).collect();
    speaking.sort_by(|a, b| rows[*a].since.total_cmp(&rows[*b].since));
    let most = if lone(rows) { usize::MAX } else { SHARED };
    let mut is_full = false;
    while room > 0 && !is_full {
        is_full = true;
        for at in &speaking {
            let has = rows[*at].tail.map_or(0, |(_, lines)| lines);
            if room > 0 && given[*at] < has.min(most) {
                given[*at] += 1;
                room -= 1;
                is_full = false;
            }
        }
    }
    given
}

/// Takes out what there is no room for: first what is done, then what waits, then what runs for the
/// shortest time. Gives the line that says what was taken.
fn cut(rows: &mut Vec<Row<'_>>, room: usize) -> Option<Line> {
    if rows.len() <= room {
        return None;
    }
    rows.retain(|row| !row.is_heading);
    if rows.len() <= room {
        return None;
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&rows[*a], &rows[*b]);
        a.stage.cmp(&b.stage).then(a.since.total_cmp(&b.since))
    });
    let kept = &order[..room.saturating_sub(1)];
    // A row without a name has that of the row above, which may go.
    let mut name = String::new();
    for row in rows.iter_mut() {
        if row.name.is_empty() { row.name.clone_from(&name) } else { name.clone_from(&row.name) }
    }
    let count = |stage| order[kept.len()..].iter().filter(|at| rows[**at].stage == stage).count();
    let counts = [
        (count(Stage::Failed), "failed"),
        (count(Stage::Running), "running"),
        (count(Stage::Waiting), "waiting"),
        (count(Stage::Done), "done"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, what)| format!("{count} more {what}")).collect();
    let is_kept: Vec<bool> = (0..rows.len()).map(|at| kept.contains(&at)).collect();
    let mut is_kept = is_kept.iter();
    rows.retain(|_| is_kept.next().copied().unwrap_or_default());
    Some(Line::default().text(DIM, format!("… {}", counts.join(", "))))
}

/// A time that is left, no more exact than it is known.
fn rounded(seconds: f64) -> String {
    let unit = match seconds {
        ..20.0 => 1.0,
        ..120.0 => 5.0,
        _ => 15.0,
    };
    running_for((seconds / unit).round() * unit)
}
