//! What failed, first: as the page's own text, so that it is there without a script.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use super::files::link;
use super::page::shorten;
use crate::report::critical_path::{id_of_service, id_of_step};
use crate::report::ending::errors_meanwhile;
use crate::report::{Run, ServiceFailure, step_log};

/// Failures that are told at length.
const TOLD: usize = 50;
/// With more failures than this only the first is unfolded.
const MANY: usize = 2;
/// Characters of a message.
const MESSAGE: usize = 6000;
/// Lines with errors of one service that are told with a failure.
const ERRORS: usize = 3;

/// Something that failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Failed {
    /// What.
    pub name: String,
    /// Of which task, or where: a file with its line.
    pub place: String,
    /// Why.
    pub message: String,
    /// The command that runs just it again.
    pub again: Option<String>,
    /// The lane that it is in.
    pub lane: String,
    /// Where its complete log is.
    pub href: Option<String>,
    /// What services told of errors meanwhile.
    pub errors: Vec<Errors>,
    /// It is one of a tool's tests.
    pub is_test: bool,
}

/// What a service told of errors while a test failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Errors {
    /// The service.
    pub service: String,
    /// The first lines.
    pub lines: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

/// All that failed in a run: tests, then steps, then services.
pub(super) fn of(run: &Run, folder: &Path) -> Vec<Failed> {
    let mut failed = Vec::new();
    for test in run.tests.iter().filter(|test| test.exit_code != 0) {
        let href = link(folder, &folder.join(&test.pipeline).join("output.log"));
        let lane = id_of_step(&test.pipeline, &test.id);
        for failure in &test.failures {
            failed.push(Failed {
                name: failure.name.clone(),
                place: failure.place(),
                message: failure.message.clone(),
                again: Some(failure.again.clone()).filter(|again| !again.is_empty()),
                lane: lane.clone(),
                href: href.clone(),
                errors: errors_meanwhile(run, test, failure).into_iter().map(Errors::of).collect(),
                is_test: true,
            });
        }
        let why = test.broken.clone().or_else(|| test.timed_out.then(|| "stopped by the time limit".into()));
        if test.failures.is_empty() || why.is_some() {
            let message = why.into_iter().chain(test.tail.iter().cloned()).collect::<Vec<_>>().join("\n");
            let (name, place) =
                (test.step.clone(), format!("{}, exit code {}", test.pipeline, test.exit_code));
            let errors = Vec::new();
            failed.push(Failed { name, place, message, again: None, lane, href, errors, is_test: false });
        }
    }
    for pipeline in &run.pipelines {
        for step in &pipeline.steps {
            let Some(failure) = &step.failure else { continue };
            let code = failure.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
            failed.push(Failed {
                name: step.step.clone(),
                place: format!("{}{code}", pipeline.name),
                message: failure.tail.join("\n"),
                again: None,
                lane: id_of_step(&pipeline.name, &step.id),
                href: link(folder, &step_log(folder, &step.id)),
                errors: Vec::new(),
                is_test: false,
            });
        }
    }
    for service in &run.services {
        let Some(ServiceFailure { why, tail, log }) = &service.failure else { continue };
        let log = Path::new(log).file_name().map(|name| folder.join("services").join(name));
        failed.push(Failed {
            name: why.clone(),
            place: format!("service {}", service.name),
            message: tail.join("\n"),
            again: None,
            lane: id_of_service(&service.name),
            href: log.and_then(|log| link(folder, &log)),
            errors: Vec::new(),
            is_test: false,
        });
    }
    for it in &mut failed {
        it.message = anstream::adapter::strip_str(&it.message).to_string();
        shorten(&mut it.message, MESSAGE);
    }
    failed
}

/// The failure that a picture in `folder` is of: Playwright names folders by file and test.
pub(super) fn of_picture<'a>(failures: &'a [Failed], folder: &str) -> Option<&'a str> {
    let folder = folder.rsplit(['/', '\\']).next()?;
    let common = |failed: &&Failed| {
        let file = failed.place.rsplit('/').next().unwrap_or_default();
        let stem = file.split('.').next().unwrap_or_default();
        let name = slug(&format!("{stem} {}", failed.name));
        let length = name.chars().zip(folder.chars()).take_while(|(one, other)| one == other).count();
        if length > stem.len() + 1 { length } else { 0 }
    };
    let tests = failures.iter().filter(|failed| failed.is_test);
    tests.max_by_key(common).filter(|failed| common(failed) > 0).map(|failed| failed.name.as_str())
}

fn slug(text: &str) -> String {
    let dashes: String = text.chars().map(|char| if char.is_alphanumeric() { char } else { '-' }).collect();
    dashes.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

impl Errors {
    fn of((service, lines): (&str, Vec<&str>)) -> Self {
        let text = |line: &&str| anstream::adapter::strip_str(line).to_string();
        let more = lines.len().saturating_sub(ERRORS);
        Self { service: service.into(), lines: lines.iter().take(ERRORS).map(text).collect(), more }
    }
}

/// The failures as HTML.
pub(super) fn html(failures: &[Failed]) -> String {
    let mut html = String::new();
    // With many, the page is first to show which.
    let open_ones = if failures.len() <= MANY { failures.len() } else { 1 };
    for (at, failed) in failures.iter().take(TOLD).enumerate() {
        let open = if at < open_ones { " open" } else { "" };
        let _ = write!(
            html,
            "<details class=\"failure\" id=\"failure-{at}\" data-lane=\"{}\"{open}><summary><span class=\"what\">{}</span> \
             <span class=\"place\">{}</span></summary>\n<div class=\"why\"><pre class=\"message\">{}</pre></div>\n",
            escaped(&failed.lane),
            escaped(&failed.name),
            escaped(&failed.place),
            message(&failed.message)
        );
        if !failed.errors.is_empty() {
            html += "<div class=\"meanwhile\"><h3>Errors of services meanwhile</h3><ul>";
            for Errors { service, lines, more } in &failed.errors {
                let (name, lane) = (escaped(service), escaped(&id_of_service(service)));
                for line in lines {
                    let line = escaped(line);
                    let _ = write!(html, "<li data-lane=\"{lane}\"><b>{name}</b> <code>{line}</code></li>");
                }
                if *more > 0 {
                    let _ = write!(html, "<li>{more} more in the log of {name}</li>");
                }
            }
            html += "</ul></div>\n";
        }
        if let Some(again) = &failed.again {
            let again = escaped(again);
            let _ = writeln!(
                html,
                "<p class=\"again\"><span>Run just this again</span> <code>{again}</code></p>"
            );
        }
        if let Some(href) = &failed.href {
            let _ = writeln!(html, "<p class=\"log\"><a href=\"{}\">complete log</a></p>", escaped(href));
        }
        html += "</details>\n";
    }
    if let Some(more) = failures.len().checked_sub(TOLD).filter(|more| *more > 0) {
        let _ = writeln!(html, "<p>{more} more failed; all are in the list of tests.</p>");
    }
    html
}

/// A message, with the line that a code frame points at marked.
fn message(text: &str) -> String {
    let mut html = String::new();
    for line in text.trim_end().lines() {
        let marked = line.trim_start().starts_with("> ") && line.contains('|');
        let line = escaped(line);
        let _ = if marked { writeln!(html, "<mark>{line}</mark>") } else { writeln!(html, "{line}") };
    }
    html
}

/// Text as HTML shows it, in an element or in an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // Whatever else a program prints, no browser shows.
            char if char.is_control() && char != '\n' && char != '\t' => {}
            char => html.push(char),
        }
    }
    html
}
