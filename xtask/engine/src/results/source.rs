//! The lines of a source around the place where a test failed.

use std::fs;
use std::path::{Component, Path};
use std::time::{SystemTime, UNIX_EPOCH};

use super::place::Place;
use crate::source::changed;

/// Lines before and after the one that failed, as jest's own output has them.
const BEFORE: usize = 2;
const AFTER: usize = 3;
/// What is longer than that was not written by hand: a file in bytes, a line in characters.
const FILE: u64 = 1 << 20;
const LINE: usize = 160;

/// Where the sources of tests are on this machine.
pub(super) struct Sources<'a> {
    pub(super) folder: &'a Path,
    /// When they were looked at for these tests: a file that changed later is another one.
    pub(super) at: SystemTime,
    /// Takes secrets out of a line.
    pub(super) clean: &'a dyn Fn(String) -> String,
}

impl Sources<'_> {
    /// A message with the lines around the first place of ours that its stack names, before that
    /// stack. The message alone if it shows lines already, or if they cannot be known.
    pub(super) fn shown(&self, place: &Place<'_>, message: &str) -> String {
        let lines: Vec<&str> = message.lines().collect();
        let first = lines.iter().position(|line| is_frame(line));
        let Some(stack) = first.filter(|_| !lines.iter().any(|line| is_shown(line))) else {
            return message.to_owned();
        };
        let spot = lines[stack..].iter().find_map(|line| Spot::in_frame(line, place.in_repository));
        let Some(excerpt) = spot.and_then(|spot| self.excerpt(&spot)) else { return message.to_owned() };
        let (why, stack) = (lines[..stack].join("\n"), lines[stack..].join("\n"));
        format!("{}\n\n{excerpt}\n{stack}", why.trim_end())
    }

    fn excerpt(&self, spot: &Spot<'_>) -> Option<String> {
        let path = Path::new(spot.path);
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        let path = self.folder.join(path);
        let metadata = fs::metadata(&path).ok()?;
        let looked_at = self.at.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        if metadata.len() > FILE || i128::from(changed(&metadata)) >= looked_at.cast_signed() {
            return None;
        }
        let text = fs::read_to_string(&path).ok()?;
        let lines: Vec<&str> = text.lines().collect();
        let at = spot.line.checked_sub(1).filter(|at| *at < lines.len())?;
        let (from, to) = (at.saturating_sub(BEFORE), (at + AFTER + 1).min(lines.len()));
        let digits = to.to_string().len();
        let mut excerpt = String::new();
        for (index, line) in lines.iter().enumerate().take(to).skip(from) {
            let mark = if index == at { '>' } else { ' ' };
            // As a whole, before it is cut.
            let line: String = (self.clean)((*line).to_owned()).chars().take(LINE).collect();
            excerpt += format!("  {mark} {:>digits$} | {line}", index + 1).trim_end();
            excerpt.push('\n');
            if index == at && (1..=LINE).contains(&spot.column) {
                // Tabs stay tabs, so that the mark stands below its character.
                let before = lines[at].chars().take(spot.column - 1);
                let space: String = before.map(|char| if char == '\t' { char } else { ' ' }).collect();
                excerpt += &format!("    {:>digits$} | {space}^\n", "");
            }
        }
        Some(excerpt)
    }
}

/// Whether a line of a message is one of a stack: `at x (web/crux/src/a.ts:12:34)`.
fn is_frame(line: &str) -> bool {
    let mut ends = line.trim().trim_end_matches(')').rsplit(':');
    let mut is_number = || ends.next().is_some_and(|text| text.parse::<u32>().is_ok());
    line.trim_start().starts_with("at ") && is_number() && is_number()
}

/// Whether a line of a message is one of a source already: `> 12 |  expect(…)`.
fn is_shown(line: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix('>') else { return false };
    let rest = rest.trim_start();
    rest.starts_with(|char: char| char.is_ascii_digit())
        && rest.trim_start_matches(|char: char| char.is_ascii_digit()).trim_start().starts_with('|')
}

/// A place in a file.
#[derive(Debug, PartialEq)]
struct Spot<'a> {
    /// Below the folder of the sources.
    path: &'a str,
    /// From 1.
    line: usize,
    /// In characters, from 1.
    column: usize,
}

impl<'a> Spot<'a> {
    /// That of a line of a stack, if it is below `folder`: `at x (web/crux/src/a.ts:12:34)`.
    fn in_frame(line: &'a str, folder: &str) -> Option<Self> {
        let line = line.trim().strip_prefix("at ")?;
        let named =
            line.strip_suffix(')').and_then(|line| line.rsplit_once('(')).map_or(line, |(_, path)| path);
        let (named, column) = named.rsplit_once(':')?;
        let (path, line) = named.rsplit_once(':')?;
        let path = path.strip_prefix("async ").unwrap_or(path).strip_prefix(folder)?;
        Some(Self { path, line: line.parse().ok()?, column: column.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PLACE: Place<'_> = Place { in_container: "/src/", in_repository: "web/crux/" };
    const MESSAGE: &str = "Error: no\n\nExpected: 2\n\n    at one (web/other/x.ts:1:1)\n    \
                           at Object.<anonymous> (web/crux/src/a.spec.ts:3:5)";

    fn shown(source: &str, message: &str, later: bool) -> String {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("src")).unwrap();
        fs::write(dir.path().join("src/a.spec.ts"), source).unwrap();
        let minute = Duration::from_secs(60);
        let at = if later { SystemTime::now() + minute } else { SystemTime::now() - minute };
        let clean = |line: String| line.replace("hunter2", "***");
        Sources { folder: dir.path(), at, clean: &clean }.shown(&PLACE, message)
    }

    #[test]
    fn the_lines_around_a_failure_stand_before_its_stack() {
        let source = "one\ntwo\n\tsan(expect)\nfour\n\nsix\nseven\n";
        assert_eq!(
            shown(source, MESSAGE, true),
            "Error: no\n\nExpected: 2\n\n    1 | one\n    2 | two\n  > 3 | \tsan(expect)\n      | \t   ^\n    \
             4 | four\n    5 |\n    6 | six\n\n    at one (web/other/x.ts:1:1)\n    \
             at Object.<anonymous> (web/crux/src/a.spec.ts:3:5)"
        );
        let prose = shown(source, &MESSAGE.replace("Expected: 2", "at least 2:"), true);
        assert!(prose.starts_with("Error: no\n\nat least 2:\n\n    1 | one"), "{prose}");
        let secret = shown(&format!("one\n{}hunter2\nthree", "x".repeat(LINE - 3)), MESSAGE, true);
        assert!(secret.contains("x***\n") && !secret.contains("hun"), "{secret}");
        let long = "x\n".repeat(9) + "here";
        let last = shown(&long, &MESSAGE.replace("3:5", "10:1"), true);
        assert!(last.contains("     8 | x\n     9 | x\n  > 10 | here\n       | ^\n\n"), "{last}");
    }

    #[test]
    fn lines_that_are_not_known_are_not_shown() {
        for (source, message, later) in [
            ("one\ntwo\nthree", MESSAGE.to_owned(), false), // changed since
            ("one\ntwo", MESSAGE.to_owned(), true),
            ("one\ntwo\nthree", MESSAGE.replace("src/", "../src/"), true),
            ("one\ntwo\nthree", MESSAGE.replace("src/", "none/"), true),
            ("one\ntwo\nthree", MESSAGE.replace("no\n", "no\n  > 3 | three\n"), true), // shown already
            ("one\ntwo\nthree", "no stack".into(), true),
        ] {
            assert_eq!(shown(source, &message, later), message);
        }
    }

    #[test]
    fn frames_of_all_kinds() {
        let spot = |line| Spot::in_frame(line, "web/crux/").map(|spot| (spot.path, spot.line, spot.column));
        assert_eq!(spot("    at web/crux/a.ts:1:2"), Some(("a.ts", 1, 2)));
        assert_eq!(spot("at async web/crux/a.ts:1:2"), Some(("a.ts", 1, 2)));
        assert_eq!(spot("at new X (y) (web/crux/b/a b.ts:10:20)"), Some(("b/a b.ts", 10, 20)));
        assert_eq!(spot("at x (node:internal:1:2)"), None);
        assert_eq!(spot("at web/crux/a.ts"), None);
    }
}
