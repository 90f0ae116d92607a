//! The report of a run: one file that any browser shows, without a network. What the page needs is in
//! it: its style, its script, what the run told, the ends of logs, pictures. What failed is text of
//! the page itself; the rest is drawn by the script.

mod failures;
mod files;
mod page;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use self::failures::escaped;
use self::page::{Page, RunResult};
use super::{KeptLogs, Run, style};
use crate::event::{Event, Reporter};

/// The page, in the folder of a run's record.
pub const REPORT: &str = "report.html";

const FRAME: &str = include_str!("html/report.html");
const STYLE: &str = concat!(include_str!("html/report.css"), include_str!("html/timeline.css"));
/// In an order in which each part finds what it uses.
const SCRIPT: &str = concat!(
    "'use strict'\n",
    include_str!("html/report.js"),
    include_str!("html/panel.js"),
    include_str!("html/timeline.js"),
    include_str!("html/tests.js"),
    include_str!("html/search.js"),
    include_str!("html/keys.js"),
);

/// Writes the page at the end of a run that ran a pipeline. What writes the logs it shows must listen
/// before it does.
pub struct Html {
    folder: PathBuf,
    kept: KeptLogs,
    run: Run,
}

impl Html {
    /// A page in `folder`, that of the run's record; one of an earlier run in it goes.
    /// `kept` has the logs of steps whose result comes from the cache.
    pub fn new(folder: &Path, kept: KeptLogs) -> Self {
        let _ = fs::remove_file(folder.join(REPORT));
        Self { folder: folder.to_owned(), kept, run: Run::default() }
    }
}

impl Reporter for Html {
    fn event(&mut self, at: Duration, event: &Event) {
        self.run.apply(at.as_secs_f64(), event);
        if matches!(event, Event::RunFinished { .. }) && !self.run.pipelines.is_empty() {
            // A full disk must not end the run: the terminal still tells it.
            let _ = fs::write(self.folder.join(REPORT), page_of(&self.run, &self.folder, &self.kept));
        }
    }
}

/// Makes the page of the run whose record is in `folder`, there; returns its path. `kept` has the logs
/// of steps whose result came from the cache.
///
/// # Errors
/// If there is no record, or the page cannot be written.
pub fn write(folder: &Path, kept: &KeptLogs) -> io::Result<PathBuf> {
    let run = Run::read(folder)?;
    let path = folder.join(REPORT);
    fs::write(&path, page_of(&run, folder, kept))?;
    Ok(path)
}

/// The page of a run whose record is in `folder`.
fn page_of(run: &Run, folder: &Path, kept: &KeptLogs) -> String {
    let page = Page::of(run, folder, kept);
    let (state, sentence) = match &page.result {
        RunResult::Passed => ("passed", String::new()),
        RunResult::Failed(why) => ("failed", why.clone()),
        RunResult::Stopped(why) => ("stopped", why.clone()),
        RunResult::NoEnd => {
            ("no end", "the run was killed, or goes on: this is what it told until then".into())
        }
    };
    let parts = [
        ("title", escaped(&format!("{}: {state}", page.task))),
        ("state", state.replace(' ', "-")),
        ("result", state.into()),
        ("task", escaped(&page.task)),
        ("command", escaped(&format!("cargo xtask {}", page.command))),
        ("sentence", escaped(&sentence)),
        ("took", escaped(&style::seconds(page.timeline.seconds))),
        ("count", count(page.failures.len())),
        ("hidden", if page.failures.is_empty() { "hidden" } else { "" }.into()),
        ("failures", failures::html(&page.failures)),
        ("style", STYLE.into()),
        ("script", SCRIPT.into()),
        ("style-digest", digest(STYLE)),
        ("script-digest", digest(SCRIPT)),
        ("data", data(&page)),
    ];
    filled(FRAME, &parts)
}

fn count(failures: usize) -> String {
    if failures == 1 { "1 failure".into() } else { format!("{failures} failures") }
}

/// A policy's name for a script or a style that may stand in the page.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// JSON that can stand in an element of a script: nothing in it ends that, or begins another.
fn data(page: &Page) -> String {
    serde_json::to_string(page).unwrap_or_default().replace('<', "\\u003c")
}

/// A frame with `{{name}}` in it, filled. What is filled in is not looked at again.
fn filled(frame: &str, parts: &[(&str, String)]) -> String {
    let mut text =
        String::with_capacity(frame.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>());
    let mut rest = frame;
    while let Some((before, name, after)) = next_name(rest) {
        text.push_str(before);
        text.push_str(parts.iter().find(|(known, _)| *known == name).map_or("", |(_, part)| part));
        rest = after;
    }
    text + rest
}

/// What stands before a name in double braces, the name, and what stands behind it.
fn next_name(frame: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = frame.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name, after))
}
