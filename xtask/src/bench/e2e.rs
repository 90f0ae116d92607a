//! The stack and its tests, against Docker Compose with the same images, commands, dependencies and
//! checks: until it is there, until it is gone.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xtask_engine::Session;

use super::compose::{Compose, Stack};
use super::fixtures::{self, Source};
use super::report::{Row, Unit};
use super::statistics::Samples;
use super::xtask::Xtask;
use super::{Bench, measure};
use crate::images::Overrides;
use crate::project::Project;
use crate::stack::{self, Setting, crux, playwright};

const CASE: &str = "e2e";
/// Against Compose: from the start to the tests, and from their end to the end.
const THERE: f64 = 0.75;
const GONE: f64 = 0.5;
/// MiB that xtask itself may take.
const MEMORY: f64 = 40.0;
/// Runs in which memory is looked at, and edits.
const FEW: usize = 3;

/// The case; `args` say which of the tests run.
pub async fn e2e(
    bench: &Bench<'_>,
    session: &Session,
    args: &[String],
    rows: &mut Vec<Row>,
) -> anyhow::Result<()> {
    let project = bench.context.project()?;
    let args = match args {
        [] => vec![first_test(&project)?],
        args => args.to_vec(),
    };
    bench.say(format!("tests of e2e: {}", args.join(" ")));
    let xtask = Xtask::new(bench, project.root())?;
    // All is built, so that Compose has the images, and nothing changes from now on.
    run(&xtask, &args)?;
    let kept = xtask.exported()?;
    let compose = Compose::new(bench, CASE, &compose_stack(bench, session, project).await?)?;
    unchanged(bench, &xtask, &args, &compose, rows)?;
    drop(compose);
    memory(bench, &xtask, &args, rows)?;
    edit(bench, session, &args, &kept, rows).await
}

/// What `e2e` runs, told to Compose. It dies with our session, however that ends.
async fn compose_stack(bench: &Bench<'_>, session: &Session, project: Project) -> anyhow::Result<Stack> {
    let setting = Setting::read(project, Overrides::default(), None, &bench.context.events)?;
    let planned = session.planned(&stack::Stack::whole(&setting)?.services()).await?;
    Stack::of(&planned, session.labels().await)
}

/// Nothing changed, both in turn.
fn unchanged(
    bench: &Bench<'_>,
    xtask: &Xtask,
    args: &[String],
    compose: &Compose,
    rows: &mut Vec<Row>,
) -> anyhow::Result<()> {
    let (mut ready, mut our_end, mut their_end) =
        (Samples::default(), Samples::default(), Samples::default());
    let mut ours = |round| {
        let run = run(xtask, args)?;
        if round > 0 {
            ready.add(run.ready);
            our_end.add(run.gone);
        }
        Ok(run.tests)
    };
    let mut theirs = |round| {
        let up = compose.up()?;
        let down = compose.down()?;
        if round > 0 {
            their_end.add(down);
        }
        Ok(up.healthy)
    };
    let [tests, healthy] = bench.take_turns(CASE, bench.rounds, [&mut ours, &mut theirs])?;
    let healthy = ("compose up, all healthy", &healthy);
    rows.push(Row::ratio(CASE, "to Playwright's first line", ("xtask", &tests), healthy, THERE));
    rows.push(Row::ratio(CASE, "to the stack ready", ("xtask", &ready), healthy, 1.0).for_information());
    let down = ("compose down", &their_end);
    rows.push(Row::ratio(CASE, "all gone after the tests", ("xtask", &our_end), down, GONE));
    Ok(())
}

/// The most that xtask itself takes.
fn memory(bench: &Bench<'_>, xtask: &Xtask, args: &[String], rows: &mut Vec<Row>) -> anyhow::Result<()> {
    const WHAT: &str = "memory at the peak";
    let mut peaks = Samples::default();
    for _ in 0..FEW {
        bench.go_on()?;
        if let Some(peak) = measure::peak_memory(&mut xtask.e2e(args))? {
            peaks.add(peak);
        }
    }
    rows.push(match peaks.all() {
        [] => Row::missing(CASE, WHAT, "only Linux tells it".into()),
        _ => Row::value(CASE, WHAT, "xtask", &peaks, Unit::Mebibytes, peaks.max(), MEMORY),
    });
    Ok(())
}

/// A source of the backend edited: it alone is built again. Of the images of these runs, only `kept`
/// stay.
async fn edit(
    bench: &Bench<'_>,
    session: &Session,
    args: &[String],
    kept: &[String],
    rows: &mut Vec<Row>,
) -> anyhow::Result<()> {
    let repo = fixtures::application(&bench.context.project()?, &bench.scratch)?;
    let xtask = Xtask::new(bench, &repo)?;
    let source = Source::first(&repo.join(crux::PART))?;
    let (mut built, mut ready) = (Samples::default(), Samples::default());
    for round in 0..=FEW {
        bench.go_on()?;
        source.edit(&format!("{} {round}", bench.marker))?;
        let run = bench.traces.borrow_mut().watch_stack(|| run(&xtask, args));
        // Also after a run that failed. What is made of this copy has names that nobody else has.
        for image in xtask.exported()?.iter().filter(|image| !kept.contains(image)) {
            session.engine().remove_image(image).await?;
        }
        if round > 0 {
            built.add(xtask.built()?.len() as f64);
            ready.add(run?.ready);
        }
    }
    rows.push(Row::value(
        CASE,
        "images built after an edit",
        "xtask",
        &built,
        Unit::Images,
        built.max(),
        1.0,
    ));
    let median = ready.median();
    let after = Row::value(CASE, "to the stack ready after it", "xtask", &ready, Unit::Seconds, median, 0.0);
    rows.push(after.for_information());
    Ok(())
}

/// One run of ours, in seconds.
struct Run {
    /// From the start until the stack was ready.
    ready: f64,
    /// From the start to the first line of Playwright.
    tests: f64,
    /// From the end of the tests until all was gone.
    gone: f64,
}

fn run(xtask: &Xtask, args: &[String]) -> anyhow::Result<Run> {
    let mut tests = None;
    let end = measure::time_with_lines(&mut xtask.e2e(args), |seconds, line| {
        if is_first_line(line) {
            tests.get_or_insert(seconds);
        }
    })?;
    Ok(Run {
        ready: xtask.test_at("step_started")?,
        tests: tests.context("Playwright never said that it runs tests")?,
        gone: end - xtask.test_at("step_finished")?,
    })
}

/// Playwright's `Running 5 tests using 2 workers`, whatever stands before it.
fn is_first_line(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words[..], [.., "Running", _, "test" | "tests", "using", _, "worker" | "workers"])
}

/// The first test of the smallest file of tests, as Playwright takes it: `logout.spec.ts:4`.
fn first_test(project: &Project) -> anyhow::Result<String> {
    let part = project.root().join(playwright::PART);
    let mut files = Vec::new();
    specs(&part.join("e2e"), &mut files)?;
    let (_, path) = files.into_iter().min().context("there are no end-to-end tests: e2e/*.spec.ts")?;
    let text = std::fs::read_to_string(&path)?;
    let line = text.lines().position(|line| line.trim_start().starts_with("test("));
    let name = path.strip_prefix(&part).unwrap_or(&path).display();
    Ok(line.map_or_else(|| name.to_string(), |line| format!("{name}:{}", line + 1)))
}

/// The files of tests below `folder`, with their sizes.
fn specs(folder: &Path, found: &mut Vec<(u64, PathBuf)>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            specs(&path, found)?;
        } else if name.ends_with(".spec.ts") || name.ends_with(".spec.js") {
            found.push((entry.metadata()?.len(), path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_playwright_is_known() {
        assert!(is_first_line("[3.08s] Running 5 tests using 2 workers"));
        assert!(is_first_line("Running 1 test using 1 worker"));
        assert!(!is_first_line("     running test npm run test:e2e > in e2e"));
        assert!(!is_first_line("[1.20s] > playwright test --reporter=list,json,html"));
    }

    #[test]
    fn the_first_test_of_the_smallest_file_is_chosen() {
        let dir = tempfile::tempdir().unwrap();
        let tests = dir.path().join(playwright::PART).join("e2e/more");
        std::fs::create_dir_all(&tests).unwrap();
        std::fs::write(tests.join("../large.spec.ts"), "test('a', () => {})\n".repeat(9)).unwrap();
        std::fs::write(tests.join("small.spec.ts"), "import { test }\n\n  test('b', () => {})\n").unwrap();
        std::fs::write(tests.join("none.ts"), "").unwrap();
        let project = Project::find(Some(dir.path())).unwrap();
        assert_eq!(first_test(&project).unwrap(), "e2e/more/small.spec.ts:3");
    }
}
