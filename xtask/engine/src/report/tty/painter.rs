//! Brings a terminal from what it shows to what it is to show, with as few bytes as that takes.
//!
//! The live view stands below all that stays. The cursor is parked at the beginning of the line under
//! it, so the terminal is sound at any moment, whatever ends this process.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::clean;
use super::line::{self, Drawn};

/// Lines above the live view that can be told again when the window changes its size.
const REMEMBERED: usize = 200;

/// The terminal draws what comes between these at once, if it knows them.
const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";
const HOME: &str = "\u{1b}[H";
const CLEAR_LINE: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";

/// A terminal's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// What happened to the live view and to the cursor below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Moved {
    /// All is where it was.
    #[default]
    Nowhere,
    /// The cursor stands one row further below, seen from the live view.
    OneRow,
    /// They are somewhere.
    Anywhere,
}

/// Knows what the terminal shows.
#[derive(Debug)]
pub(super) struct Painter {
    size: Size,
    /// The live view.
    drawn: Vec<Drawn>,
    /// The last lines above it, with the columns they take.
    above: VecDeque<Drawn>,
    /// What happened to them since they were drawn.
    moved: Moved,
}

impl Painter {
    /// One for a terminal that shows nothing of ours.
    pub(super) fn new(size: Size) -> Self {
        Self { size, drawn: Vec::new(), above: VecDeque::new(), moved: Moved::Nowhere }
    }

    /// Lines of the live view that are on the screen.
    pub(super) fn is_drawing(&self) -> bool {
        !self.drawn.is_empty()
    }

    /// What is on the screen stays there as it is; the next live view comes below it.
    pub(super) fn leave(&mut self) {
        self.drawn.clear();
        self.moved = Moved::Nowhere;
    }

    /// Somebody typed.
    pub(super) fn moved(&mut self, moved: Moved) {
        self.moved = match (self.is_drawing(), self.moved, moved) {
            (false, ..) => Moved::Nowhere,
            (true, Moved::Nowhere, moved) | (true, moved, Moved::Nowhere) => moved,
            (true, ..) => Moved::Anywhere,
        };
    }

    /// What to write so that `above` is told above the live view and the live view is `lines`; none if
    /// there is nothing to do.
    pub(super) fn paint(&mut self, above: &[String], lines: Vec<Drawn>, size: Size) -> Option<String> {
        let lines: Vec<Drawn> = lines.into_iter().take(size.rows.saturating_sub(1)).collect();
        let resized = self.size != size && self.is_drawing();
        let moved = std::mem::take(&mut self.moved);
        let entered = usize::from(moved == Moved::OneRow);
        let torn = moved == Moved::Anywhere
            || resized && self.may_be_torn(size)
            || self.drawn.len() + 1 + entered > size.rows && entered > 0;
        let in_place = !resized && moved == Moved::Nowhere;
        self.size = size;
        if above.is_empty() && in_place && lines == self.drawn {
            return None;
        }
        let above: Vec<Drawn> = above
            .iter()
            .map(|text| Drawn { text: text.clone(), width: line::width(&clean::plain(text)) })
            .collect();
        let mut bytes = String::from(BEGIN);
        if torn {
            if resized {
                let new: usize = above.iter().map(|line| self.height(line)).sum();
                bytes += HOME;
                for line in self.last_that_fit(size.rows.saturating_sub(lines.len() + 1 + new)) {
                    self.tell(&mut bytes, line);
                }
            } else {
                // What is on the screen scrolls away: the terminal keeps it.
                bytes += &"\r\n".repeat(size.rows);
                bytes += HOME;
            }
            for line in &above {
                self.tell(&mut bytes, line);
            }
            self.remember(&above);
            self.write_all(&mut bytes, &lines);
        } else if above.is_empty() && in_place {
            self.write_changes(&mut bytes, &lines);
        } else {
            up(&mut bytes, self.drawn.len() + entered);
            for line in &above {
                self.tell(&mut bytes, line);
            }
            self.remember(&above);
            self.write_all(&mut bytes, &lines);
        }
        bytes += END;
        self.drawn = lines;
        Some(bytes)
    }

    /// Whether the terminal may have wrapped or cut lines of the live view, or scrolled them away, when
    /// it came to this size: then nobody knows where they are.
    fn may_be_torn(&self, size: Size) -> bool {
        let widest = self.drawn.iter().map(|line| line.width).max().unwrap_or_default();
        widest >= size.columns || self.drawn.len() + 1 > size.rows
    }

    fn remember(&mut self, above: &[Drawn]) {
        self.above.extend(above.iter().rev().take(REMEMBERED).rev().cloned());
        let old = self.above.len().saturating_sub(REMEMBERED);
        self.above.drain(..old);
    }

    /// The last lines above the live view that fit in `rows`.
    fn last_that_fit(&self, rows: usize) -> impl Iterator<Item = &Drawn> {
        let mut left = rows;
        let fits = self.above.iter().rev().take_while(|line| {
            let height = self.height(line);
            let fits = height <= left;
            left = left.saturating_sub(height);
            fits
        });
        let count = fits.count();
        self.above.iter().skip(self.above.len() - count)
    }

    /// Rows that a line takes.
    fn height(&self, line: &Drawn) -> usize {
        line.width.div_ceil(self.size.columns.max(1)).max(1)
    }

    /// A line above the live view. It may wrap: then the terminal clears its rows as it fills them,
    /// except for the last.
    fn tell(&self, bytes: &mut String, line: &Drawn) {
        bytes.push_str(CLEAR_LINE);
        bytes.push_str(&line.text);
        // At a full row's end the cursor still stands on its last character.
        if !line.width.is_multiple_of(self.size.columns.max(1)) {
            bytes.push_str(CLEAR_LINE);
        }
        bytes.push_str("\r\n");
    }

    /// The whole live view from where the cursor is, and nothing below it. The screen is not cleared as
    /// a whole, which some terminals keep in their history.
    fn write_all(&self, bytes: &mut String, lines: &[Drawn]) {
        for line in lines {
            write_line(bytes, line);
        }
        bytes.push_str(CLEAR_BELOW);
    }

    /// The lines that differ from those on the screen.
    fn write_changes(&self, bytes: &mut String, lines: &[Drawn]) {
        up(bytes, self.drawn.len());
        let mut skipped = 0;
        for (at, line) in lines.iter().enumerate() {
            if self.drawn.get(at) == Some(line) {
                skipped += 1;
                continue;
            }
            down(bytes, std::mem::take(&mut skipped));
            write_line(bytes, line);
        }
        down(bytes, skipped);
        // Also whatever was typed there: Ctrl-C shows as ^C.
        bytes.push_str(CLEAR_BELOW);
    }
}

fn write_line(bytes: &mut String, line: &Drawn) {
    bytes.push_str(&line.text);
    bytes.push_str(CLEAR_LINE);
    bytes.push_str("\r\n");
}

/// To the beginning of the line so many rows above.
fn up(bytes: &mut String, rows: usize) {
    bytes.push('\r');
    if rows > 0 {
        let _ = write!(bytes, "\u{1b}[{rows}A");
    }
}

fn down(bytes: &mut String, rows: usize) {
    if rows > 0 {
        let _ = write!(bytes, "\u{1b}[{rows}B");
    }
}
