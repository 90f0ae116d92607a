//! What several parts say, line by line behind their names.

use std::collections::VecDeque;

use xtask_engine::report::speaker;

/// Whole lines of what one part says, behind its name.
pub struct Lines {
    name: String,
    rest: Vec<u8>,
}

impl Lines {
    /// Those of the part at a place among others whose names have at most `width` characters.
    pub fn of(part: &str, at: usize, width: usize, colored: bool) -> Self {
        let style = if colored { speaker(at) } else { anstyle::Style::new() };
        Self { name: format!("{style}{part:>width$} |{style:#} "), rest: Vec::new() }
    }

    /// Takes a piece; gives the lines that are whole by now.
    pub fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        self.rest.extend_from_slice(piece);
        let whole = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines: Vec<u8> = self.rest.drain(..whole).collect();
        self.named(&lines)
    }

    /// What was not whole when it ended.
    pub fn end(&mut self) -> Vec<u8> {
        let mut last = std::mem::take(&mut self.rest);
        if !last.is_empty() {
            last.push(b'\n');
        }
        self.named(&last)
    }

    fn named(&self, lines: &[u8]) -> Vec<u8> {
        let lines = lines.split_inclusive(|byte| *byte == b'\n');
        lines.flat_map(|line| [self.name.as_bytes(), line].concat()).collect()
    }
}

/// Lines with the time before them, as the engine writes it, one after another.
#[derive(Default)]
pub struct Timed {
    rest: Vec<u8>,
    /// Time and line.
    pub lines: VecDeque<(String, Vec<u8>)>,
}

impl Timed {
    /// Takes a piece.
    pub fn take(&mut self, piece: &[u8]) {
        self.rest.extend_from_slice(piece);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let time = line.iter().position(|byte| *byte == b' ').unwrap_or_default();
            let at = String::from_utf8_lossy(&line[..time]).into_owned();
            self.lines.push_back((at, line[(time + 1).min(line.len())..].to_vec()));
        }
    }

    /// What was not whole is, for nothing more comes.
    pub fn end(&mut self) {
        if !self.rest.is_empty() {
            self.take(b"\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_and_behind_a_name() {
        let mut lines = Lines::of("crux", 0, 7, false);
        assert_eq!(lines.take(b"a\nb"), b"   crux | a\n");
        assert_eq!(lines.take(b""), b"");
        assert_eq!(lines.take(b"c\n\nd"), b"   crux | bc\n   crux | \n");
        assert_eq!((lines.end(), lines.end()), (b"   crux | d\n".to_vec(), Vec::new()));
        assert!(Lines::of("crux", 0, 7, true).take(b"a\n").starts_with(b"\x1b["));
    }

    #[test]
    fn times_come_off_their_lines_however_they_were_cut() {
        let mut timed = Timed::default();
        for piece in
            [&b"2026-01-01T00:00:00Z a b\n20"[..], b"26-01-01T00:00:01Z", b" \n2026-01-01T00:00:02Z c"]
        {
            timed.take(piece);
        }
        timed.end();
        let lines: Vec<_> =
            timed.lines.iter().map(|(at, line)| (at[17..].to_owned(), line.clone())).collect();
        let line = |at: &str, line: &str| (at.to_owned(), line.as_bytes().to_vec());
        assert_eq!(lines, [line("00Z", "a b\n"), line("01Z", "\n"), line("02Z", "c\n")]);
    }
}
