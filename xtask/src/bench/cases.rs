//! What is measured of the tasks. Each case gives rows of the table.

use std::path::Path;
use std::process::Command;

use xtask_engine::Error;

use super::buildx::Buildx;
use super::fixtures::{self, PART, Source};
use super::report::{Row, Unit};
use super::statistics::Samples;
use super::turbo::Turbo;
use super::xtask::Xtask;
use super::{Bench, measure};

/// Files of the large tree.
const MANY: usize = 100_000;
/// MiB that the sample may take, and the large tree.
const MEMORY: f64 = 40.0;
const MEMORY_MANY: f64 = 60.0;

/// Nothing changed: the binary, and what a person types.
pub fn unchanged(bench: &Bench<'_>, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let (xtask, buildx) = contestants(bench, "unchanged")?;
    let turbo = Turbo::new(bench, &bench.scratch.join("repo").join(PART), &xtask.test_output());
    let mut ours = |_| measure::time(&mut xtask.binary());
    let mut cargo = |_| measure::time(&mut xtask.cargo());
    let mut theirs = |_| bench.traces.borrow_mut().watch(|| measure::time(&mut buildx.command()));
    let (ours, cargo, theirs, replay) = match &turbo {
        Ok(turbo) => {
            let mut replay = |_| measure::time(&mut turbo.command());
            let all: [super::Contestant<'_>; 4] = [&mut ours, &mut cargo, &mut theirs, &mut replay];
            let [ours, cargo, theirs, replay] = bench.take_turns("unchanged", bench.rounds, all)?;
            (ours, cargo, theirs, Some(replay))
        }
        Err(_) => {
            let all: [super::Contestant<'_>; 3] = [&mut ours, &mut cargo, &mut theirs];
            let [ours, cargo, theirs] = bench.take_turns("unchanged", bench.rounds, all)?;
            (ours, cargo, theirs, None)
        }
    };
    rows.push(Row::ratio("unchanged", "the binary", ("xtask", &ours), ("buildx", &theirs), 0.2));
    match (&replay, turbo.err()) {
        (Some(replay), _) => {
            let others = ("turbo, a replay", replay);
            rows.push(Row::ratio("unchanged", "the binary", ("xtask", &ours), others, 1.2));
        }
        (None, error) => {
            let why = error.map(|error| format!("{error:#}")).unwrap_or_default();
            rows.push(Row::missing("unchanged", "the binary against turbo", why));
        }
    }
    rows.push(Row::ratio("unchanged", "as typed", ("cargo xtask", &cargo), ("buildx", &theirs), 1.0));
    memory(bench, rows, "unchanged", &xtask, MEMORY, |_| Ok(()))
}

/// One source edited: until the test command speaks.
pub fn edit(bench: &Bench<'_>, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let (xtask, buildx) = contestants(bench, "edit")?;
    let source = Source::first(&bench.scratch.join("repo").join(PART))?;
    let note = |who: &str, round: usize| format!("{} {who} {round}", bench.marker);
    let mut sent = Samples::default();
    let (mut our_steps, mut their_steps) = (Samples::default(), Samples::default());
    let mut ours = |round| {
        source.edit(&note("xtask", round))?;
        let (banner, step) = started(bench, &mut xtask.binary())?;
        sent.add(xtask.files_sent()? as f64);
        our_steps.add(step);
        Ok(banner)
    };
    let mut theirs = |round| {
        source.edit(&note("buildx", round))?;
        let (banner, step) = started(bench, &mut buildx.command())?;
        their_steps.add(step);
        Ok(banner)
    };
    let [ours, theirs] = bench.take_turns("edit", bench.rounds, [&mut ours, &mut theirs])?;
    rows.push(Row::ratio("edit", "to npm's first line", ("xtask", &ours), ("buildx", &theirs), 0.5));
    let steps = (("xtask", &our_steps), ("buildx", &their_steps));
    rows.push(Row::ratio("edit", "to the step's begin", steps.0, steps.1, 0.5).for_information());
    rows.push(Row::value("edit", "files sent, at most", "xtask", &sent, Unit::Files, sent.max(), 1.0));
    memory(bench, rows, "edit", &xtask, MEMORY, |round| source.edit(&note("memory", round)))
}

/// The manifest changed, so all steps run; npm has its packages.
pub fn cold(bench: &Bench<'_>, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let (xtask, buildx) = contestants(bench, "cold")?;
    let folder = bench.scratch.join("repo").join(PART);
    let mark = |who: &str, round: usize| {
        let text = format!("{} {who} {round}", bench.marker);
        fixtures::edit_manifest(&folder, |manifest| manifest["description"] = text.into())
    };
    let mut ours = |round| {
        mark("xtask", round)?;
        watched(bench, &mut xtask.binary())
    };
    let mut theirs = |round| {
        mark("buildx", round)?;
        watched(bench, &mut buildx.command())
    };
    let [ours, theirs] = bench.take_turns("cold", bench.rounds, [&mut ours, &mut theirs])?;
    rows.push(Row::ratio("cold", "npm's cache warm", ("xtask", &ours), ("buildx", &theirs), 1.05));
    Ok(())
}

/// A large tree, nothing changed.
pub fn files(bench: &Bench<'_>, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    bench.say(format!("making {MANY} files"));
    let repo = fixtures::many_files(&bench.scratch, MANY)?;
    fixtures::commit(&repo)?;
    let xtask = Xtask::new(bench, &repo)?;
    watched(bench, &mut xtask.binary())?;
    let buildx = Buildx::new(bench, "files", &repo.join(PART), &xtask.image()?)?;
    let git = || {
        let mut git = Command::new("git");
        git.args(["status", "--short"]).current_dir(&repo);
        git
    };
    let mut ours = |_| measure::time(&mut xtask.binary());
    let mut theirs = |_| watched(bench, &mut buildx.command());
    let mut status = |_| measure::time(&mut git());
    let all: [super::Contestant<'_>; 3] = [&mut ours, &mut theirs, &mut status];
    let [ours, theirs, status] = bench.take_turns("files", bench.rounds, all)?;
    rows.push(Row::ratio("files", "100,000, unchanged", ("xtask", &ours), ("buildx", &theirs), 0.2));
    let beside = ("git status", &status);
    rows.push(Row::ratio("files", "100,000, unchanged", ("xtask", &ours), beside, 1.5).for_information());
    memory(bench, rows, "files", &xtask, MEMORY_MANY, |_| Ok(()))
}

/// Both, for the copy of the frontend; ours has run once, so that it is known what it began from.
fn contestants(bench: &Bench<'_>, name: &str) -> anyhow::Result<(Xtask, Buildx)> {
    let repo = bench.scratch.join("repo");
    if !repo.exists() {
        fixtures::frontend(&bench.context.project()?, &bench.scratch)?;
    }
    let xtask = Xtask::new(bench, &repo)?;
    watched(bench, &mut xtask.binary())?;
    let buildx = Buildx::new(bench, name, &repo.join(PART), &xtask.image()?)?;
    Ok((xtask, buildx))
}

/// Measures a command that leaves something in the engine.
fn watched(bench: &Bench<'_>, command: &mut Command) -> anyhow::Result<f64> {
    bench.traces.borrow_mut().watch(|| measure::time(command))
}

/// Seconds until npm says that it starts the test; and until the engine began the step, which is
/// as much earlier as the line says of itself. Between the two lie the making of the container and
/// npm's own start.
fn started(bench: &Bench<'_>, command: &mut Command) -> anyhow::Result<(f64, f64)> {
    let (seconds, line) = bench.traces.borrow_mut().watch(|| measure::time_to_line(command, is_banner))?;
    Ok((seconds, seconds - since_begin(&line).unwrap_or(0.0)))
}

/// The seconds since the step's begin with which a line starts: `[0.21s] …` or `#10 0.380 …`.
fn since_begin(line: &str) -> Option<f64> {
    let word = line.split_whitespace().find(|word| !word.starts_with('#'))?;
    word.trim_start_matches('[').trim_end_matches("s]").parse().ok()
}

/// npm's first line, `> crux-ui@0.1.0 test`, whatever stands before it.
fn is_banner(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words[..], [.., ">", name, "test"] if name.contains('@'))
}

/// The largest of some runs of their own: looking at it costs time.
fn memory(
    bench: &Bench<'_>,
    rows: &mut Vec<Row>,
    case: &'static str,
    xtask: &Xtask,
    limit: f64,
    mut before: impl FnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut peaks = Samples::default();
    for round in 0..3 {
        bench.go_on()?;
        before(round)?;
        if let Some(peak) = bench.traces.borrow_mut().watch(|| measure::peak_memory(&mut xtask.binary()))? {
            peaks.add(peak);
        }
    }
    rows.push(if peaks.all().is_empty() {
        Row::missing(case, "memory at the peak", "only Linux tells it".into())
    } else {
        Row::value(case, "memory at the peak", "xtask", &peaks, Unit::Mebibytes, peaks.max(), limit)
    });
    Ok(())
}

/// A folder of the scratch space that a case leaves to no other.
pub fn clear(path: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Write { path: path.to_path_buf(), why: error.to_string() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_banner, since_begin};

    #[test]
    fn the_banner_of_npm_is_known_behind_the_time_of_either() {
        assert!(is_banner("#10 0.380 > crux-ui@0.1.0 test"));
        assert!(is_banner("[0.21s] > crux-ui@0.1.0 test"));
        assert_eq!(since_begin("#10 0.380 > crux-ui@0.1.0 test"), Some(0.38));
        assert_eq!(since_begin("[0.21s] > crux-ui@0.1.0 test"), Some(0.21));
        assert!(!is_banner("     running test npm run test > in test-ui"));
        assert!(!is_banner("#10 [stage-0 6/6] RUN npm run test -- --json"));
    }
}
