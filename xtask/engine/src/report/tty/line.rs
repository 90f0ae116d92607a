//! One line of the live view: styled text on the left, a time on the right, never wider than the
//! terminal.

use std::fmt::Write as _;

use anstyle::Style;
use unicode_width::UnicodeWidthChar;

/// Where times end at the latest: further right the eye loses the line.
const RIGHT_EDGE: usize = 100;
/// Columns that the text has at least; a time that leaves less is not shown.
const LEAST: usize = 16;
/// Columns between the text and the time.
const GAP: usize = 2;

/// A line before it is known how wide the terminal is.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    left: Vec<Span>,
    right: Vec<Span>,
}

#[derive(Debug, Clone)]
struct Span {
    style: Style,
    text: String,
}

/// A line as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drawn {
    /// Its text, with ANSI styles where they are wanted.
    pub(super) text: String,
    /// The columns it takes.
    pub(super) width: usize,
}

impl Line {
    /// This line with more text.
    pub(super) fn text(mut self, style: Style, text: impl Into<String>) -> Self {
        self.left.push(Span { style, text: text.into() });
        self
    }

    /// This line with more text at its right edge.
    pub(super) fn right(mut self, style: Style, text: impl Into<String>) -> Self {
        self.right.push(Span { style, text: text.into() });
        self
    }

    /// Columns that its text takes.
    pub(super) fn width(&self) -> usize {
        self.left.iter().map(|span| width(&span.text)).sum()
    }

    /// This line and the text of another after it.
    pub(super) fn append(mut self, other: Self) -> Self {
        self.left.extend(other.left);
        self
    }

    /// This line and the text of another at its right edge.
    pub(super) fn append_right(mut self, other: Self) -> Self {
        self.right.extend(other.left);
        self
    }

    /// This line in a terminal of so many columns. The last of them stays free: a line that ends in it
    /// may wrap.
    pub(super) fn draw(&self, columns: usize, colors: bool) -> Drawn {
        let room = columns.saturating_sub(1);
        let right: usize = self.right.iter().map(|span| width(&span.text)).sum();
        let edge = room.min(RIGHT_EDGE);
        let mut drawn = Drawing { text: String::new(), width: 0, colors };
        if right == 0 || edge < right + GAP + LEAST {
            drawn.spans(&self.left, room);
        } else {
            drawn.spans(&self.left, edge - right - GAP);
            let gap = edge - right - drawn.width;
            drawn.span(Style::new(), &" ".repeat(gap), gap);
            drawn.spans(&self.right, room);
        }
        Drawn { text: drawn.text, width: drawn.width }
    }
}

struct Drawing {
    text: String,
    width: usize,
    colors: bool,
}

impl Drawing {
    /// Adds spans until the line is `room` columns wide; `…` says that something was cut.
    fn spans(&mut self, spans: &[Span], room: usize) {
        let all: usize = spans.iter().map(|span| width(&span.text)).sum();
        let is_cut = self.width + all > room;
        let limit = room;
        let room = if is_cut { room.saturating_sub(1) } else { room };
        let mut last = Style::new();
        for span in spans {
            if self.width >= room && is_cut {
                break;
            }
            self.span(span.style, &span.text, room.saturating_sub(self.width));
            last = span.style;
        }
        if is_cut && self.width < limit {
            self.span(last, "…", 1);
        }
    }

    fn span(&mut self, style: Style, text: &str, room: usize) {
        let (text, width) = cut(text, room);
        self.width += width;
        if self.colors && style != Style::new() && !text.is_empty() {
            let _ = write!(self.text, "{style}{text}{style:#}");
        } else {
            self.text += &text;
        }
    }
}

/// Columns that a character takes; nothing for what is no character for people.
pub(super) fn columns(char: char) -> usize {
    match char {
        '\t' => 1,
        // It may make what stands before it wide.
        '\u{fe0f}' => 1,
        _ => char.width().unwrap_or(0),
    }
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// As much of a text as fits in `room` columns, and how many it takes.
fn cut(text: &str, room: usize) -> (String, usize) {
    let mut shown = String::with_capacity(text.len());
    let mut width = 0;
    for char in text.chars() {
        if char.is_control() && char != '\t' {
            continue;
        }
        if width + columns(char) > room {
            break;
        }
        width += columns(char);
        shown.push(if char == '\t' { ' ' } else { char });
    }
    (shown, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style::new();

    fn drawn(line: &Line, columns: usize) -> String {
        let drawn = line.draw(columns, false);
        assert_eq!(drawn.width, width(&drawn.text));
        assert!(drawn.width < columns.max(1), "{drawn:?} in {columns}");
        drawn.text
    }

    #[test]
    fn a_line_is_never_wider_than_the_terminal() {
        let line = Line::default().text(PLAIN, "exec ").text(PLAIN, "npm run build").right(PLAIN, "12s");
        assert_eq!(drawn(&line, 31), "exec npm run build         12s");
        assert_eq!(drawn(&line, 22), "exec npm run bu…  12s");
        assert_eq!(drawn(&line, 21), "exec npm run build", "no room for the time");
        assert_eq!(drawn(&line, 18), "exec npm run bui…");
        for columns in 1..40 {
            drawn(&line, columns);
        }
    }

    #[test]
    fn wide_characters_count_twice_and_are_never_halved() {
        let line = Line::default().text(PLAIN, "測試結果");
        assert_eq!(drawn(&line, 9), "測試結果");
        assert_eq!(drawn(&line, 8), "測試結…");
        assert_eq!(drawn(&line, 7), "測試…");
        assert_eq!(width("❤\u{fe0f}"), 2);
    }

    #[test]
    fn control_characters_take_no_part() {
        let line = Line::default().text(PLAIN, "a\u{1b}[2Jb\tc\u{7f}\u{9b}");
        assert_eq!(drawn(&line, 20), "a[2Jb c");
    }

    #[test]
    fn times_stay_near_their_lines_on_a_wide_screen() {
        let line = Line::default().text(PLAIN, "exec").right(PLAIN, "12s");
        assert_eq!(drawn(&line, 300).len(), RIGHT_EDGE);
    }
}
