//! Long texts as one line.

/// Characters of a text that are shown as one line.
const LONGEST: usize = 100;

/// A text of any length and shape, such as a command that is a script, as one line for people: its
/// first that is not blank, cut after 100 characters, without control characters. `…` says that
/// there is more.
pub fn in_one_line(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let line = lines.next().unwrap_or_default().replace('\t', " ");
    let mut shown: String = line.chars().filter(|char| !char.is_control()).collect();
    if let Some((at, _)) = shown.char_indices().nth(LONGEST) {
        shown.truncate(at);
        shown.push('…');
    } else if lines.next().is_some() {
        shown.push_str(" …");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_shown_by_its_first_line() {
        assert_eq!(in_one_line("sh -ec\tset\n\n true"), "sh -ec set …");
        assert_eq!(in_one_line("\n\u{1b}[31mred\n"), "[31mred");
        assert_eq!(in_one_line(&"ö".repeat(101)), format!("{}…", "ö".repeat(100)));
        assert_eq!(in_one_line(&"ö".repeat(100)), "ö".repeat(100));
    }
}
