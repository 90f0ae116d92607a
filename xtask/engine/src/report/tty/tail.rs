//! The last lines of what runs.

use std::collections::VecDeque;

use super::clean;

/// Lines that are kept of each: as many as a tall terminal has room for.
pub(super) const KEPT: usize = 64;
/// Characters that are kept of each line.
const LONGEST: usize = 500;

/// The last lines of one step or service. Takes no more memory however much is said, and costs
/// little for lines that are never shown.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
}

impl Tail {
    /// Takes whole lines; blank ones tell nothing and are left out.
    pub(super) fn push(&mut self, text: &str) {
        let mut last = [""; KEPT];
        let mut count = 0;
        let said = text.lines().rev().map(clean::overwritten).filter(|line| !line.trim_ascii().is_empty());
        for (at, line) in said.take(KEPT).enumerate() {
            last[at] = line;
            count = at + 1;
        }
        for line in last[..count].iter().rev() {
            let mut kept = if self.lines.len() == KEPT { self.lines.pop_front() } else { None }.unwrap_or_default();
            kept.clear();
            kept.push_str(shortened(line));
            self.lines.push_back(kept);
        }
    }

    /// How many lines there are to show.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The last lines, at most `count`, as they were said.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = &str> {
        self.lines.iter().skip(self.lines.len().saturating_sub(count)).map(String::as_str)
    }
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
    fn the_last_lines_are_kept_and_no_more() {
        let mut tail = Tail::default();
        tail.push("one\n\n  \ntwo\n");
        assert_eq!(lines(&tail), ["one", "two"]);
        let many: String = (0..1000).map(|line| format!("{line}\n")).collect();
        tail.push(&many);
        tail.push("50%\r100%\r\nlast");
        assert_eq!(lines(&tail), ["999", "100%", "last"]);
        assert_eq!(tail.len(), KEPT);
        tail.push(&"ö".repeat(100_000));
        assert_eq!(tail.last(1).next().map(str::len), Some(2 * LONGEST));
    }

    #[test]
    fn memory_is_bounded_whatever_is_said() {
        let mut tail = Tail::default();
        let long = "x".repeat(64 * 1024) + "\n";
        for _ in 0..10_000 {
            tail.push(&long);
        }
        let kept: usize = tail.lines.iter().map(String::capacity).sum();
        assert!(kept <= KEPT * LONGEST * 2, "{kept}");
    }
}
