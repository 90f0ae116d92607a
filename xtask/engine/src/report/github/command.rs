//! GitHub's workflow commands: lines that tell the runner to do something, and how to keep what
//! programs print from being taken for one.
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>

use std::fmt;

use anstream::adapter::strip_str;

/// The most of an annotation's message, in characters: the runner cuts it after 4096.
const LONGEST_MESSAGE: usize = 4000;
/// The most of an annotation's title; GitHub takes 255.
const LONGEST_TITLE: usize = 250;

/// How much an annotation matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
    Notice,
}

/// A note that GitHub shows with the run, and at a line of a file if it names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Annotation {
    pub level: Level,
    /// The file, from the root of the checkout.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<u32>,
    /// A few words; empty for none.
    pub title: String,
    pub message: String,
}

impl fmt::Display for Annotation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        };
        let title = Some(cut(&self.title, LONGEST_TITLE)).filter(|title| !title.is_empty());
        let line = self.line.filter(|_| self.file.is_some()).map(|line| line.to_string());
        let properties = [("file", self.file.clone()), ("line", line), ("title", title)];
        let properties: Vec<String> = properties
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", property(&value?))))
            .collect();
        let space = if properties.is_empty() { "" } else { " " };
        let message = data(&cut(&self.message, LONGEST_MESSAGE));
        writeln!(out, "::{command}{space}{}::{message}", properties.join(","))
    }
}

/// The line that begins a group; a group ends before another begins.
pub(super) fn group(title: &str) -> String {
    format!("::group::{}\n", data(title))
}

/// The line that ends a group.
pub(super) const END_GROUP: &str = "::endgroup::\n";

/// Lines of programs, among which the runner looks for no commands. `token` is what the programs
/// cannot know.
pub(super) fn of_programs(token: &str, lines: &str) -> String {
    let end = if lines.is_empty() || lines.ends_with('\n') { "" } else { "\n" };
    format!("::stop-commands::{token}\n{lines}{end}::{token}::\n")
}

/// A line that may hold what a program printed, guarded only if it could be taken for a command.
pub(super) fn guarded(token: &str, line: &str) -> String {
    if could_be_a_command(line) { of_programs(token, line) } else { line.to_owned() }
}

/// Commands begin a line, behind blanks; those of an older form are found anywhere. The runner ends
/// lines also at a carriage return, and colours may be taken out before it reads.
fn could_be_a_command(text: &str) -> bool {
    let text = strip_str(text).to_string();
    text.contains("##[") || text.split(['\r', '\n']).any(|line| line.trim_start().starts_with("::"))
}

fn data(text: &str) -> String {
    strip_str(text).to_string().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(message: &str) -> Annotation {
        let (file, line) = (Some("web/crux/src/a, b.spec.ts".into()), Some(12));
        Annotation { level: Level::Error, file, line, title: "a: 100%\r".into(), message: message.into() }
    }

    #[test]
    fn what_would_end_a_property_or_a_message_is_escaped() {
        assert_eq!(
            error("expected 100%,\r\n\u{1b}[31mgot: 5\u{1b}[0m").to_string(),
            "::error file=web/crux/src/a%2C b.spec.ts,line=12,title=a%3A 100%25%0D::expected 100%25,%0D%0Agot: 5\n"
        );
        let plain = Annotation { level: Level::Notice, file: None, title: String::new(), ..error("a :: b") };
        assert_eq!(plain.to_string(), "::notice::a :: b\n");
        assert_eq!(group("exec a\n::error::b"), "::group::exec a%0A::error::b\n");
    }

    #[test]
    fn what_the_runner_would_cut_is_cut_before() {
        let text = error(&"ö".repeat(5000)).to_string();
        assert!(text.ends_with(&format!("::{}…\n", "ö".repeat(LONGEST_MESSAGE))), "{text}");
    }

    #[test]
    fn what_a_program_prints_is_no_command() {
        for line in [
            "::error::no",
            " \t::set-output name=a::b",
            "\u{1b}[31m::warning::no",
            "10%\r::add-mask::a",
            "a ##[group]b",
        ] {
            assert_eq!(guarded("T", line), format!("::stop-commands::T\n{line}\n::T::\n"));
        }
        for line in ["std::fs::read", "a ::error::b", "", "##"] {
            assert_eq!(guarded("T", line), line);
        }
    }
}
