//! The summary of a run in Markdown, for the page of the job.

use std::fmt::Write as _;

use super::super::style::{ago, seconds};
use super::super::{Pipeline, Run, Test};
use super::failures::Failures;

/// Bytes that GitHub takes of one step of a job.
pub(super) const LIMIT: usize = 1024 * 1024;
/// Bytes of one failure's text.
const FAILURE: usize = 16 * 1024;
/// Up to so many failures are unfolded.
const UNFOLDED: usize = 3;
/// Stand-ins that are named.
const STAND_INS: usize = 50;
/// What is left for the sentence that says what did not fit.
const RESERVE: usize = 200;

/// The summary, in at most `room` bytes; nothing if it does not fit at all.
pub(super) fn summary(run: &Run, failures: &Failures, room: usize) -> String {
    let mut text = format!("### {}\n{}", headline(run), table(run));
    let last = stand_ins(run);
    if text.len() + last.len() + RESERVE > room {
        return String::new();
    }
    let entries = entries(failures);
    if !entries.is_empty() {
        text += "\n#### Failures\n\n";
    }
    for (at, entry) in entries.iter().enumerate() {
        if text.len() + entry.len() + last.len() + RESERVE > room {
            let _ = writeln!(
                text,
                "{} more did not fit here; the log and the run's record have them.",
                entries.len() - at
            );
            break;
        }
        text += entry;
    }
    text + &last
}

fn headline(run: &Run) -> String {
    let task = code(format!("cargo xtask {}", run.task).trim_end());
    let Some(end) = &run.end else { return format!("{task} did not end\n") };
    let took = seconds(end.seconds);
    let mut text = match end.exit_code {
        0 => format!("✅ {task} passed in {took}\n"),
        129.. => format!("⚪ {task} was stopped after {took}\n"),
        1 => format!("❌ {task} failed after {took}\n"),
        code => format!("❌ {task} failed after {took}, exit code {code}\n"),
    };
    if let Some(error) = &end.error {
        let _ = writeln!(text, "\n{}", inline(error));
    }
    if run.command != run.task {
        let _ = writeln!(text, "\n{}", code(&format!("cargo xtask {}", run.command)));
    }
    text
}

fn table(run: &Run) -> String {
    let mut text = String::new();
    for (at, pipeline) in run.pipelines.iter().enumerate() {
        // Its image is made under the name of a test, too: what counts is the last of a name.
        if run.pipelines[at + 1..].iter().any(|later| later.name == pipeline.name) {
            continue;
        }
        let test = run.tests.iter().rev().find(|test| test.pipeline == pipeline.name);
        let counted = |count: fn(&crate::event::TestCounts) -> u64| {
            test.and_then(|test| test.counts.as_ref())
                .map(|counts| count(counts).to_string())
                .unwrap_or_default()
        };
        let took = pipeline.ended.map(|ended| seconds(ended - pipeline.started)).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {took} | {} |",
            inline(&pipeline.name),
            result(pipeline),
            counted(|counts| counts.passed),
            counted(|counts| counts.failed),
            counted(|counts| counts.skipped),
            cached(pipeline, test, run),
        );
    }
    if text.is_empty() {
        return text;
    }
    let head = "| pipeline | result | passed | failed | skipped | time | cached steps |\n\
                | --- | --- | ---: | ---: | ---: | ---: | --- |\n";
    format!("{head}{text}")
}

fn result(pipeline: &Pipeline) -> &'static str {
    match (pipeline.ended.is_some(), pipeline.passed) {
        (false, _) => "⚪ stopped",
        (true, true) => "✅ passed",
        (true, false) => "❌ failed",
    }
}

/// How many steps came from the cache, and since when the tests' result is in it.
fn cached(pipeline: &Pipeline, test: Option<&Test>, run: &Run) -> String {
    let (cached, all) = (pipeline.cached(), pipeline.cached() + pipeline.ran());
    let steps = if all == 0 { String::new() } else { format!("{cached} of {all}") };
    let made = test.filter(|test| test.cached).and_then(|test| Some((test, test.before.as_ref()?)));
    let since = made.map(|(test, before)| {
        let passed = run.unix + test.at - before.ended;
        format!("; the tests ran {} ago in {}", ago(passed), seconds(before.seconds))
    });
    steps + &since.unwrap_or_default()
}

fn entries(failures: &Failures) -> Vec<String> {
    let open = if failures.tests.len() + failures.others.len() <= UNFOLDED { " open" } else { "" };
    let tests = failures.tests.iter().map(|(pipeline, failure)| {
        let command = Some(&failure.again).filter(|again| !again.is_empty());
        let command = command.map(|command| format!("Run just this again:\n\n{}", fenced("sh", command)));
        let place = format!("{pipeline}, <code>{}</code>", html(&failure.place()));
        let text = [fenced("text", &failure.message), command.unwrap_or_default()].concat();
        details(open, &failure.name, &place, &text)
    });
    let others = failures.others.iter().map(|other| {
        let said = match other.tail.is_empty() {
            true => String::new(),
            false => fenced("text", &other.tail.join("\n")),
        };
        let log = match other.log.is_empty() {
            true => String::new(),
            false => format!("Complete output: {}\n\n", code(&other.log)),
        };
        details(open, &other.why, &html(&other.of), &(said + &log))
    });
    tests.chain(others).collect()
}

fn details(open: &str, what: &str, place: &str, text: &str) -> String {
    let what = html(&what.replace(['\r', '\n'], " "));
    format!("<details{open}><summary><b>{what}</b> ({place})</summary>\n\n{text}</details>\n\n")
}

fn stand_ins(run: &Run) -> String {
    let named = distinct(&run.stand_ins);
    if named.is_empty() {
        return String::new();
    }
    let mut text = "\n#### Stand-ins for images\n\n".to_owned();
    for stand_in in named.iter().take(STAND_INS) {
        let _ = writeln!(text, "- {}", inline(stand_in));
    }
    if named.len() > STAND_INS {
        let _ = writeln!(text, "- … and {} more", named.len() - STAND_INS);
    }
    text
}

/// Each text once, in their order.
pub(super) fn distinct(texts: &[String]) -> Vec<&str> {
    let mut seen = Vec::new();
    for text in texts {
        if !seen.contains(&text.as_str()) {
            seen.push(text.as_str());
        }
    }
    seen
}

/// A block that shows `text` as it is, whatever is in it.
fn fenced(language: &str, text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= FAILURE).last().unwrap_or(0);
    let (text, more) = if text.len() > FAILURE { (&text[..end], "\n…") } else { (&*text, "") };
    let fence = "`".repeat(longest_run_of_backticks(text).max(2) + 1);
    format!("{fence}{language}\n{}{more}\n{fence}\n\n", text.trim_end())
}

fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|char| char != '`').map(str::len).max().unwrap_or_default()
}

/// `text` in a line, as code.
fn code(text: &str) -> String {
    let text = text.replace(['\r', '\n'], " ");
    let fence = "`".repeat(longest_run_of_backticks(&text) + 1);
    let space = if text.contains('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.trim())
}

/// `text` in a line or a cell, with nothing in it that Markdown or HTML would take for its own.
fn inline(text: &str) -> String {
    let text = html(&text.replace(['\r', '\n'], " "));
    text.chars().fold(String::with_capacity(text.len()), |mut out, char| {
        if "\\`*_[]|~#@!".contains(char) {
            out.push('\\');
        }
        out.push(char);
        out
    })
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
