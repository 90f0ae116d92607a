//! The thread that draws: when it does, and what.

use std::io::{self, Write};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use super::clean;
use super::frame::{Brevity, View};
use super::line::Drawn;
use super::painter::{Moved, Painter, Size};
use super::shared::{Known, Shared, Told};
use super::terminal::Terminal;
use super::{Look, prose, row};
use crate::report::History;

/// Time between two frames at least.
const FRAME: Duration = Duration::from_millis(50);
/// Time between two frames while nothing changes but the time.
const TURN: Duration = Duration::from_millis((1000.0 / row::TURNS) as u64);
/// Time for records of earlier runs between two frames.
const READING: Duration = Duration::from_millis(10);
/// Time between two looks at when the run is likely to end.
const ESTIMATE: f64 = 0.5;

/// Draws on a terminal.
pub(super) struct Drawing<W, T> {
    shared: Arc<Shared>,
    out: W,
    look: Look,
    terminal: T,
    painter: Painter,
    last: Option<Instant>,
    history: Option<History>,
    estimate: Estimate,
    brief: Brevity,
    drawn_for: Option<Size>,
    /// Something was told above the live view.
    has_told: bool,
}

impl<W: Write, T: Terminal> Drawing<W, T> {
    pub(super) fn new(shared: Arc<Shared>, out: W, look: Look, mut terminal: T) -> Self {
        let painter = Painter::new(terminal.size());
        Self {
            shared,
            out,
            look,
            terminal,
            painter,
            last: None,
            history: None,
            estimate: Estimate::default(),
            brief: Brevity::default(),
            drawn_for: None,
            has_told: false,
        }
    }

    /// Draws until the end.
    ///
    /// # Errors
    /// If nobody is there any more to see it.
    pub(super) fn run(mut self) -> io::Result<()> {
        let shared = self.shared.clone();
        let _gone = Gone(&shared);
        loop {
            let mut known = shared.known();
            loop {
                let due = self.due(&known);
                known.is_awaited = !(known.is_changed && self.painter.is_drawing());
                match due {
                    Due::Never => known = shared.wait(known, None),
                    Due::At(time) if time > Instant::now() => known = shared.wait(known, Some(time)),
                    Due::At(_) => break,
                }
            }
            if known.is_paused && known.end.is_none() && !known.is_closed {
                self.painter.leave();
                known.is_left = true;
                shared.wake();
                continue;
            }
            if let Some(end) = known.end.take() {
                return self.end(known, &end);
            }
            if known.is_closed {
                return Ok(());
            }
            self.draw(known)?;
            if let Some(history) = &mut self.history
                && !history.is_read()
            {
                history.read(READING);
            }
        }
    }

    fn due(&self, known: &Known) -> Due {
        let after = |time| Due::At(self.last.map_or_else(Instant::now, |last| last + time));
        if known.end.is_some() || known.is_closed {
            Due::At(Instant::now())
        } else if known.is_paused {
            if known.is_left { Due::Never } else { Due::At(Instant::now()) }
        } else if !known.above.is_empty() {
            // Where there is no live view, lines come as they are said.
            if self.painter.is_drawing() { after(FRAME) } else { Due::At(Instant::now()) }
        } else {
            match known.live_from {
                None => Due::Never,
                Some(from) if from > Instant::now() => Due::At(from),
                Some(_) if known.is_changed => after(FRAME),
                Some(_) => after(TURN),
            }
        }
    }

    fn draw(&mut self, mut known: MutexGuard<'_, Known>) -> io::Result<()> {
        let size = self.terminal.size();
        let above = self.shared.take_above(&mut known);
        let is_live = known.live_from.is_some_and(|from| from <= Instant::now()) && is_in_the_foreground();
        let lines = if is_live {
            let (state, now) = (&known.state, known.state.now());
            let (history, folder) = (&mut self.history, &self.look.history);
            let history = history.get_or_insert_with(|| History::of(folder, &state.run.run));
            let end = self.estimate.at(now, || history.end(&state.run, now));
            let is_stopping = self.look.stopping.is_cancelled();
            let view = View { state, history, end, is_stopping, colors: self.look.colors };
            if self.drawn_for.replace(size) != Some(size) {
                self.brief = Brevity::default();
            }
            view.frame(now, size, &mut self.brief)
        } else {
            self.painter.leave();
            Vec::new()
        };
        drop(known);
        self.last = Some(Instant::now());
        self.paint(&above, lines, size)
    }

    /// The result in place of the live view, and what is told of the end.
    fn end(&mut self, mut known: MutexGuard<'_, Known>, told: &str) -> io::Result<()> {
        let size = self.terminal.size();
        let mut above = self.shared.take_above(&mut known);
        if !known.state.run.pipelines.is_empty() {
            let (state, colors) = (&known.state, self.look.colors);
            let view = View { state, history: &History::default(), end: None, is_stopping: false, colors };
            if self.has_told || !above.is_empty() {
                above.push(Told::Lines("\n".into()));
            }
            above.extend(view.result(size.columns).into_iter().map(|line| Told::Lines(line.text)));
            above.push(Told::Lines("\n".into()));
        }
        drop(known);
        above.push(Told::Lines(told.to_owned()));
        self.paint(&above, Vec::new(), size)
    }

    fn paint(&mut self, above: &[Told], lines: Vec<Drawn>, size: Size) -> io::Result<()> {
        self.has_told |= !above.is_empty();
        let above: Vec<String> = above
            .iter()
            .flat_map(|told| match told {
                Told::Lines(text) => text.lines().map(str::to_owned).collect(),
                Told::Prose(text) => prose::wrapped(text.trim_end(), size.columns),
            })
            .map(|line| clean::colored(&line, self.look.colors))
            .collect();
        self.painter.moved(self.terminal.moved());
        let Some(bytes) = self.painter.paint(&above, lines, size) else { return Ok(()) };
        let written = self.out.write_all(bytes.as_bytes()).and_then(|()| self.out.flush());
        if self.terminal.moved() != Moved::Nowhere {
            self.painter.moved(Moved::Anywhere); // before or after what was written: nobody knows
        }
        written
    }
}

enum Due {
    At(Instant),
    Never,
}

/// Says that nobody draws any more, also after a panic.
struct Gone<'a>(&'a Shared);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.known().is_gone = true;
        self.0.wake();
    }
}

/// When the run is likely to end, told calmly: a new time only if it differs by more than a tenth.
#[derive(Debug, Default)]
struct Estimate {
    asked: Option<f64>,
    shown: Option<f64>,
}

impl Estimate {
    fn at(&mut self, now: f64, ask: impl FnOnce() -> Option<f64>) -> Option<f64> {
        if self.asked.is_none_or(|asked| now - asked >= ESTIMATE) {
            self.asked = Some(now);
            self.shown = match (self.shown, ask()) {
                (Some(shown), Some(new)) if (new - shown).abs() > shown / 10.0 => Some(new),
                // What is nearly over must not be called late for a tenth.
                (Some(shown), Some(new)) if shown - now < 1.0 && new > shown => Some(new),
                (Some(shown), _) => Some(shown),
                (None, new) => new,
            };
        }
        self.shown
    }
}

/// Whether the terminal is ours: a job in the background draws nothing over what a person types.
#[cfg(unix)]
fn is_in_the_foreground() -> bool {
    let foreground = rustix::termios::tcgetpgrp(io::stdout());
    // Where it cannot be told, as for a group outside of our PID namespace, nobody else is there.
    foreground.map_or(true, |group| group.as_raw_pid() == nix::unistd::getpgrp().as_raw())
}

#[cfg(not(unix))]
fn is_in_the_foreground() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_does_not_jump_around() {
        let mut estimate = Estimate::default();
        let mut shown = |now: f64, new: Option<f64>| estimate.at(now, || new);
        assert_eq!(shown(0.0, None), None);
        assert_eq!(shown(0.1, Some(60.0)), None, "not asked so soon");
        assert_eq!(shown(1.0, Some(60.0)), Some(60.0));
        assert_eq!(shown(2.0, Some(65.0)), Some(60.0));
        assert_eq!(shown(3.0, None), Some(60.0));
        assert_eq!(shown(4.0, Some(70.0)), Some(70.0));
        assert_eq!(shown(69.5, Some(72.0)), Some(72.0));
    }
}
