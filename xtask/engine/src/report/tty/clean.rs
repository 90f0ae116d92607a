//! What programs print, as text that cannot move the cursor.

/// Columns between tab stops.
const TAB: usize = 8;

/// A line of a program's output without colours and control characters: what a terminal would show
/// of it at its end.
pub(super) fn plain(line: &str) -> String {
    colored(line, false)
}

/// The last that a line says which is written over and over, as progress bars do.
pub(super) fn overwritten(line: &str) -> &str {
    line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default()
}

/// Marks that change the direction of all that follows.
fn turns_text_around(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A line for above the live view: with its colours, and without all else that a terminal would obey.
pub(super) fn colored(line: &str, colors: bool) -> String {
    let mut shown = String::with_capacity(line.len() + 8);
    let (mut column, mut is_styled) = (0, false);
    let mut rest = line;
    while let Some(at) = rest.find('\u{1b}') {
        push(&mut shown, &mut column, &rest[..at]);
        let (sequence, after) = sequence(&rest[at..]);
        if colors && sequence.starts_with("\u{1b}[") && sequence.ends_with('m') {
            shown += sequence;
            is_styled = true;
        }
        rest = after;
    }
    push(&mut shown, &mut column, rest);
    if is_styled {
        shown += "\u{1b}[0m";
    }
    shown
}

/// Adds what people see of a text.
fn push(shown: &mut String, column: &mut usize, text: &str) {
    for char in text.chars() {
        match char {
            '\t' => {
                let pad = TAB - *column % TAB;
                shown.extend(std::iter::repeat_n(' ', pad));
                *column += pad;
            }
            _ if char.is_control() || turns_text_around(char) => {}
            _ => {
                shown.push(char);
                *column += super::line::columns(char);
            }
        }
    }
}

/// The escape sequence at the beginning of `text`, and what comes after it.
fn sequence(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let end = match bytes.get(1) {
        // CSI: parameters, then one byte that ends it.
        Some(b'[') => bytes[2..].iter().position(|byte| !(0x20..=0x3f).contains(byte)).map(|at| at + 3),
        // OSC and its like: up to BEL or ST.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let end = bytes[2..].windows(2).position(|two| two[0] == 7 || two == b"\x1b\\");
            end.map(|at| if bytes[at + 2] == 7 { at + 3 } else { at + 4 })
        }
        Some(byte) if byte.is_ascii() => Some(2),
        _ => Some(1),
    };
    let end = end.unwrap_or(text.len()).min(text.len());
    // What ends a sequence wrongly may be the first byte of a character.
    if text.is_char_boundary(end) { text.split_at(end) } else { text.split_at(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_prints_is_text() {
        assert_eq!(plain("\u{1b}[32m✓\u{1b}[0m one\u{1b}]8;;http://x\u{7}link\u{1b}[2K\u{8}"), "✓ onelink");
        assert_eq!(plain("a\tb\t測\tc"), "a       b       測      c");
        assert_eq!(plain("\u{202e}abc\u{9b}31m"), "abc31m");
        assert_eq!(overwritten("10%\r50%\r100%\r"), "100%");
        assert_eq!(overwritten(""), "");
    }

    #[test]
    fn colours_stay_above_the_live_view_and_nothing_else_does() {
        assert_eq!(
            colored("\u{1b}[31mred\u{1b}[0m\u{1b}[2J\u{1b}[H!\r\u{7}", true),
            "\u{1b}[31mred\u{1b}[0m!\u{1b}[0m"
        );
        assert_eq!(colored("\u{1b}[31mred\u{1b}[0m", false), "red");
        assert_eq!(colored("\u{1b}]0;title\u{7}a\u{1b}]0;t\u{1b}\\b\u{1b}(Bc\u{1b}", true), "abBc");
        assert_eq!(colored("\u{1b}[ö \u{1b}ö \u{1b}[1", true).replace('[', ""), "ö ö ");
    }
}
