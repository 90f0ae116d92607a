//! `cargo xtask bench`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::json;
use xtask_engine::{Error, Session};

use crate::bench::report::{Row, table};
use crate::bench::traces::Traces;
use crate::bench::{Bench, build, cases, e2e, lines};
use crate::context::Context;

/// Compare `test-ui` with `docker buildx build`, and `e2e` with Docker Compose
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Edits are made in a copy of the repository. Tools that the machine lacks (docker-buildx, docker-compose, \
turbo) are fetched into target/xtask/tools.

Examples:
  cargo xtask bench --only unchanged --only edit --rounds 11
  cargo xtask bench --only e2e -- site.spec.ts:5    the stack; what follows -- is for Playwright")]
pub struct Args {
    /// Measure this case; may be given several times [default: all but build and e2e]
    #[arg(long, value_name = "CASE")]
    only: Vec<Case>,
    /// Rounds that count, after one that does not
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(5..))]
    rounds: u16,
    /// Also measure building xtask itself: minutes
    #[arg(long)]
    build: bool,
    /// Also measure the stack of `e2e` against Docker Compose: minutes
    #[arg(long)]
    e2e: bool,
    /// Where the numbers go as JSON [default: bench.json in the run's record]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// For Playwright, which of the tests `e2e` runs [default: the first of the smallest file]
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Case {
    /// Nothing changed: time and memory
    Unchanged,
    /// One source edited: time to the test's start, files sent, memory
    Edit,
    /// All steps run, npm's cache is warm
    Cold,
    /// 100,000 files, nothing changed: time and memory
    Files,
    /// A program that prints 100,000 lines a second among services: how much it is slowed
    Lines,
    /// Building xtask: from nothing, and after a change of a task
    Build,
    /// The stack and its tests, against Docker Compose: until it is there, until it is gone, memory
    E2e,
}

/// Runs it. A target that is missed is no failure; a case that cannot be measured says why, and
/// the others go on.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let shell = xshell::Shell::new().context("cannot make a scratch folder")?;
    let scratch = shell.create_temp_dir().context("cannot make a scratch folder")?;
    let session = context.session().await?;
    let bench = Bench {
        context,
        rounds: usize::from(args.rounds),
        scratch: scratch.path().canonicalize()?,
        engine: session.engine().endpoint().to_string(),
        marker: format!("xtask-bench-{}", uuid::Uuid::new_v4().simple()),
        traces: Traces::begin(&session).await?.into(),
    };
    let mut rows = Vec::new();
    let mut measured = Ok(());
    for case in chosen(&args) {
        measured = measure(&bench, &session, case, &args.args, &mut rows).await;
        if measured.is_err() {
            break;
        }
    }
    let removed = bench.traces.take().remove(&bench, &session).await;
    measured?;
    removed?;
    for line in table(&rows) {
        context.events.output(line);
    }
    write_json(&args.json.unwrap_or_else(|| context.record.join("bench.json")), &bench, &rows)
}

fn chosen(args: &Args) -> Vec<Case> {
    let wanted = |case: &Case| match case {
        Case::Build => args.build || args.only.contains(case),
        Case::E2e => args.e2e || args.only.contains(case),
        _ => args.only.is_empty() || args.only.contains(case),
    };
    Case::value_variants().iter().copied().filter(wanted).collect()
}

/// Fails only if the benchmark is to end.
async fn measure(
    bench: &Bench<'_>,
    session: &Session,
    case: Case,
    args: &[String],
    rows: &mut Vec<Row>,
) -> anyhow::Result<()> {
    let name = match case {
        Case::Unchanged => "unchanged",
        Case::Edit => "edit",
        Case::Cold => "cold",
        Case::Files => "files",
        Case::Lines => "lines",
        Case::Build => "build",
        Case::E2e => "e2e",
    };
    bench.say(format!("measuring: {name}"));
    let result = match case {
        Case::Unchanged => cases::unchanged(bench, rows),
        Case::Edit => cases::edit(bench, rows),
        Case::Cold => cases::cold(bench, rows),
        Case::Files => cases::files(bench, rows),
        Case::Lines => lines::lines(bench, session, rows).await,
        Case::Build => build::build(bench, rows),
        Case::E2e => e2e::e2e(bench, session, args, rows).await,
    };
    bench.go_on()?;
    if let Err(error) = result {
        rows.push(Row::missing(name, "all of it", format!("{error:#}")));
    }
    Ok(())
}

fn write_json(path: &Path, bench: &Bench<'_>, rows: &[Row]) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let report = json!({ "rounds": bench.rounds, "cores": cores, "engine": bench.engine, "rows": rows });
    let written = serde_json::to_vec_pretty(&report).map_err(|error| error.to_string());
    written
        .and_then(|text| fs::write(path, text).map_err(|error| error.to_string()))
        .map_err(|why| Error::Write { path: path.to_path_buf(), why })?;
    bench.context.events.output(format!("numbers: {}", path.display()));
    Ok(())
}
