//! Sentences of ours in a terminal that is not as wide as they are long.

use super::clean;
use super::line::width;

/// Columns of the word before a sentence, and of what it is wrapped to.
const INDENT: usize = 13;
/// Columns below which wrapping makes nothing easier to read.
const LEAST: usize = 40;

/// A line, with its colours, as lines that fit in `columns` and break between words; all but the
/// first begin below the first's text.
pub(super) fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let room = columns.saturating_sub(1);
    if columns < LEAST || width(&clean::plain(line)) <= room {
        return vec![line.to_owned()];
    }
    let (mut lines, mut current, mut taken) = (Vec::new(), String::new(), 0);
    let mut style = "";
    for word in line.split_inclusive(' ') {
        let wide = width(&clean::plain(word.trim_end()));
        if taken > INDENT && taken + wide > room {
            lines.push(std::mem::take(&mut current).trim_end().to_owned());
            current = format!("{:INDENT$}{style}", "");
            taken = INDENT;
        }
        if let Some(at) = word.rfind("\u{1b}[") {
            let end = word[at..].find('m').map_or(word.len(), |end| at + end + 1);
            style = if word[at..end].starts_with("\u{1b}[0") { "" } else { &word[at..end] };
        }
        current += word;
        taken += width(&clean::plain(word));
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_break_between_words_below_their_beginning() {
        let line =
            "    stand-in traefik:v2.9 \u{1b}[2mis Traefik 3.7.15 on this machine's Debian\u{1b}[0m, not 2.9";
        assert_eq!(
            wrapped(line, 48),
            [
                "    stand-in traefik:v2.9 \u{1b}[2mis Traefik 3.7.15 on",
                "             \u{1b}[2mthis machine's Debian\u{1b}[0m, not 2.9",
            ]
        );
        assert_eq!(wrapped(line, 200), [line]);
        assert_eq!(wrapped(line, 20), [line]);
        let long = format!("        note {}", "x".repeat(100));
        assert_eq!(wrapped(&long, 80), [long]);
    }
}
