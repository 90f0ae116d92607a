//! Output that comes in pieces, as whole lines without secrets.

use crate::event::Events;

/// A line that does not end is cut here: what comes after it is told as the next one.
const LONGEST: usize = 64 * 1024;

/// Puts pieces of output together.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
}

impl Lines {
    /// Takes a piece; gives the lines that are whole by now, without secrets.
    pub(crate) fn take(&mut self, piece: &[u8], events: &Events) -> Option<String> {
        self.rest.extend_from_slice(piece);
        // What was there before had no end.
        let ended = piece.iter().rposition(|byte| *byte == b'\n');
        if let Some(end) = ended.map(|at| self.rest.len() - piece.len() + at + 1) {
            let rest = self.rest.split_off(end);
            let lines = std::mem::replace(&mut self.rest, rest);
            return Some(clean(&lines, events));
        }
        (self.rest.len() > LONGEST).then(|| self.cut(events))
    }

    /// What came after the last line's end, if anything.
    pub(crate) fn end(&mut self, events: &Events) -> Option<String> {
        let rest = std::mem::take(&mut self.rest);
        (!rest.is_empty()).then(|| clean(&rest, events))
    }

    /// A line that is too long, except for as much of its end as may be the beginning of a secret.
    fn cut(&mut self, events: &Events) -> String {
        let mut text = self.end(events).unwrap_or_default();
        let mut at = text.len().saturating_sub(events.longest_secret());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        self.rest = text.split_off(at).into_bytes();
        text
    }
}

fn clean(bytes: &[u8], events: &Events) -> String {
    events.redacted(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_wherever_a_piece_or_an_endless_line_is_cut() {
        let events = Events::new(Vec::new());
        events.redact("hunter2");
        for before in LONGEST - 10..LONGEST + 3 {
            let whole = "x".repeat(before) + "hunter2 and more\n";
            for size in [7, 4096, whole.len()] {
                let mut lines = Lines::default();
                let mut told: String =
                    whole.as_bytes().chunks(size).filter_map(|piece| lines.take(piece, &events)).collect();
                told += &lines.end(&events).unwrap_or_default();
                assert!(told == "x".repeat(before) + "*** and more\n", "{before} {size}");
            }
        }
    }

    #[test]
    fn lines_come_when_they_are_whole() {
        let events = Events::new(Vec::new());
        let mut lines = Lines::default();
        let taken = ["on", "e\ntwo\nthr", "ee"].map(|piece| lines.take(piece.as_bytes(), &events));
        assert_eq!(taken, [None, Some("one\ntwo\n".into()), None]);
        assert_eq!(lines.end(&events).as_deref(), Some("three"));
        assert_eq!(lines.end(&events), None);
    }
}
