//! The last lines of what runs.

use super::clean;

/// Lines that are shown at most: as many as a tall terminal has room for.
pub(super) const SHOWN: usize = 64;
/// Characters of a line that are shown at most.
const LONGEST: usize = 500;
/// Bytes that are kept at least, and at most twice that.
pub(super) const KEPT: usize = 32 * 1024;

/// The end of what one step or service said. It takes no more memory however much is said, and is
/// looked at only when it is shown: most lines never are.
#[derive(Debug, Default)]
pub(super) struct Tail {
    text: String,
}

impl Tail {
    /// Takes whole lines.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(after(text, text.len().saturating_sub(KEPT)));
        if !text.ends_with('\n') {
            self.text.push('\n');
        }
        if self.text.len() > 2 * KEPT {
            let rest = after(&self.text, self.text.len() - KEPT).len();
            self.text.drain(..self.text.len() - rest);
        }
    }

    /// How many lines there are to show.
    pub(super) fn len(&self) -> usize {
        self.lines().count()
    }

    /// The last lines, at most `count`, as they were said.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = &str> {
        let mut lines: Vec<&str> = self.lines().take(count).collect();
        lines.reverse();
        lines.into_iter()
    }

    /// Its lines from the last on; blank ones tell nothing and are left out.
    fn lines(&self) -> impl Iterator<Item = &str> {
        let said = self.text.lines().rev().map(clean::overwritten);
        said.filter(|line| !line.trim_ascii().is_empty()).map(shortened).take(SHOWN)
    }
}

/// A text from a byte on, or from the next character on.
fn after(text: &str, byte: usize) -> &str {
    let at = (byte..=text.len()).find(|at| text.is_char_boundary(*at));
    &text[at.unwrap_or(text.len())..]
}

fn shortened(line: &str) -> &str {
    if line.len() <= LONGEST {
        return line;
    }
    line.char_indices().nth(LONGEST).map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(tail: &Tail) -> Vec<&str> {
        tail.last(3).collect()
    }

    #[test]
    fn the_last_lines_are_shown_and_no_more() {
        let mut tail = Tail::default();
        tail.push("one\n\n  \ntwo\n");
        assert_eq!(lines(&tail), ["one", "two"]);
        let many: String = (0..1000).map(|line| format!("{line}\n")).collect();
        tail.push(&many);
        tail.push("50%\r100%\r\nlast");
        assert_eq!(lines(&tail), ["999", "100%", "last"]);
        assert_eq!(tail.len(), SHOWN);
        tail.push(&"ö".repeat(1000));
        assert_eq!(tail.last(1).next().map(str::len), Some(2 * LONGEST));
    }

    #[test]
    fn memory_is_bounded_whatever_is_said() {
        let mut tail = Tail::default();
        for length in (0..200_000).step_by(1001) {
            tail.push(&"ö".repeat(length));
            tail.push("short\n");
        }
        assert!(tail.text.capacity() <= 4 * KEPT, "{}", tail.text.capacity());
        assert_eq!(tail.last(1).next(), Some("short"));
    }
}
