//! What parts print, as it is shown: one of them as it is, several line by line behind their names.

use std::collections::BTreeMap;

use xtask_engine::docker::Printed;
use xtask_engine::report::speaker;

/// Characters of the engine's times at least: `2026-01-01T00:00:00Z`.
const TIME: usize = 20;

/// A line of a log, or a piece of a long one, without the time that the engine put before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// When it was printed: later ones are greater, as text, too.
    pub time: String,
    /// What was printed.
    pub text: Vec<u8>,
    /// Whether it was on standard error.
    pub is_error: bool,
}

impl Piece {
    /// What the engine gives when it is asked for times.
    pub fn of(printed: Printed) -> Self {
        let is_error = matches!(printed, Printed::Err(_));
        let bytes = printed.into_bytes();
        let end = bytes.iter().position(|byte| *byte == b' ').unwrap_or_default();
        let time = std::str::from_utf8(&bytes[..end]).unwrap_or_default();
        let is_time = time.len() >= TIME && time.as_bytes()[10] == b'T' && time.ends_with('Z');
        let (time, from) = if is_time { (time, end + 1) } else { ("", 0) };
        Self { time: time.to_owned(), text: bytes[from..].to_vec(), is_error }
    }
}

/// How parts are shown.
pub struct Layout {
    /// Each behind its name.
    pub names: bool,
    /// With the time of each line.
    pub times: bool,
    /// Names in colours.
    pub colored: bool,
}

/// Makes of what parts print what is shown of it.
pub struct Lines {
    layout: Layout,
    parts: Vec<String>,
    /// What is no whole line yet, by container and stream: two of them never share a line.
    begun: BTreeMap<(String, bool), Vec<u8>>,
}

impl Lines {
    /// For these parts.
    pub fn of(parts: Vec<String>, layout: Layout) -> Self {
        Self { layout, parts, begun: BTreeMap::new() }
    }

    /// Takes a piece of the part at a place among them, from one of its containers; gives what is whole
    /// by now.
    pub fn take(&mut self, at: usize, container: &str, piece: &Piece) -> Vec<u8> {
        let from = (container.to_owned(), piece.is_error);
        let mut line = self.begun.remove(&from).unwrap_or_default();
        if line.is_empty() {
            line = self.head(at, &piece.time);
        }
        line.extend_from_slice(&piece.text);
        if line.ends_with(b"\n") {
            return line;
        }
        self.begun.insert(from, line);
        Vec::new()
    }

    /// What was not whole when a container ended, of a stream: of standard error or not.
    pub fn rest(&mut self, container: &str, is_error: bool) -> Vec<u8> {
        self.begun.remove(&(container.to_owned(), is_error)).unwrap_or_default()
    }

    fn head(&self, at: usize, time: &str) -> Vec<u8> {
        let mut head = String::new();
        if self.layout.names {
            let style = if self.layout.colored { speaker(at) } else { anstyle::Style::new() };
            let width = self.parts.iter().map(String::len).max().unwrap_or_default();
            head += &format!("{style}{:>width$} |{style:#} ", self.parts[at]);
        }
        if self.layout.times && !time.is_empty() {
            head += time;
            head.push(' ');
        }
        head.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str) -> Piece {
        Piece::of(Printed::Out(text.as_bytes().to_vec().into()))
    }

    fn lines(names: bool, times: bool, colored: bool) -> Lines {
        Lines::of(vec!["crux".into(), "crux-ui".into()], Layout { names, times, colored })
    }

    #[test]
    fn times_come_off_what_was_printed() {
        let of = |text: &str| (piece(text).time, String::from_utf8(piece(text).text).unwrap());
        let time = "2026-01-01T00:00:00.000000001Z";
        assert_eq!(of(&format!("{time} a b\n")), (time.into(), "a b\n".into()));
        assert_eq!(of(&format!("{time} \n")), (time.into(), "\n".into()));
        assert_eq!(of("no time\n"), (String::new(), "no time\n".into()));
        assert!(Piece::of(Printed::Err("x".into())).is_error);
    }

    #[test]
    fn lines_are_whole_and_behind_a_name() {
        let mut shown = lines(true, false, false);
        let mut take =
            |at, container, text| String::from_utf8(shown.take(at, container, &piece(text))).unwrap();
        assert_eq!(take(0, "1", "a\n"), "   crux | a\n");
        // Long ones come in pieces, and other containers' between them.
        assert_eq!(take(0, "1", "2026-01-01T00:00:00Z b"), "");
        assert_eq!(take(0, "2", "x\n"), "   crux | x\n");
        assert_eq!(take(1, "3", "\n"), "crux-ui | \n");
        assert_eq!(take(0, "1", "2026-01-01T00:00:00Z c\n"), "   crux | bc\n");
        assert_eq!(take(0, "1", "d"), "");
        assert_eq!(shown.rest("1", true), b"");
        assert_eq!((shown.rest("1", false), shown.rest("1", false)), (b"   crux | d".to_vec(), Vec::new()));
        assert!(lines(true, false, true).take(0, "1", &piece("a\n")).starts_with(b"\x1b["));
    }

    #[test]
    fn a_line_has_its_time_once_and_before_it() {
        let mut shown = lines(true, true, false);
        let text = ["2026-01-01T00:00:00Z a", "2026-01-01T00:00:00Z b\n"];
        let text = text.map(|text| String::from_utf8(shown.take(0, "1", &piece(text))).unwrap());
        assert_eq!(text.concat(), "   crux | 2026-01-01T00:00:00Z ab\n");
        let shown = lines(false, true, false).take(0, "1", &piece(&text[1][10..]));
        assert_eq!(String::from_utf8(shown).unwrap(), "2026-01-01T00:00:00Z ab\n");
        assert_eq!(lines(false, false, false).take(0, "1", &piece("a\n")), b"a\n");
    }
}
