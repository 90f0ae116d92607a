//! `cargo xtask runs`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xtask_engine::Error;
use xtask_engine::event::{Outcome, ServiceState, StepKind};
use xtask_engine::report::{Pipeline, Run, Step, ago, duration, step_log};

use crate::context::Context;
use crate::runs;

/// List the runs of which there is a record, or show one: its steps, or a step's log
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask runs                              when, what, how it ended, how long, what was cached
  cargo xtask runs show                         the steps, services and tests of the last run
  cargo xtask runs show --step build            the log of the step with `build` in its text, also if it was cached
  cargo xtask runs show 1795661286825 --step crux   of an earlier run, the log of a service")]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show one run
    Show {
        /// The run: the beginning of its id, its folder, or `last`
        run: Option<String>,
        /// Show the complete log of a step, a service or a test: some of its text, or its name
        #[arg(long, value_name = "STEP")]
        step: Option<String>,
    },
}

/// Runs it.
pub async fn run(Args { action }: Args, context: &Context) -> anyhow::Result<()> {
    match action {
        None => list(context),
        Some(Action::Show { run, step: None }) => show(&runs::find(run.as_deref())?, context),
        Some(Action::Show { run, step: Some(step) }) => {
            show_log(&runs::find(run.as_deref())?, &step, context)
        }
    }
}

fn list(context: &Context) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    let this = |folder: &PathBuf| *folder == context.record;
    for folder in runs::all().into_iter().filter(|folder| !this(folder)) {
        if let Ok(run) = Run::read(&folder)
            && !run.pipelines.is_empty()
        {
            rows.push(row(&run, &folder));
        }
    }
    if rows.is_empty() {
        context.events.output("no run is on record; `cargo xtask test` makes one");
        return Ok(());
    }
    let titles = ["when", "task", "result", "time", "cached", "run"].map(str::to_owned);
    for line in columns(titles, &rows) {
        context.events.output(line);
    }
    Ok(())
}

fn row(run: &Run, folder: &Path) -> [String; 6] {
    let seconds = run.end.as_ref().map_or_else(String::new, |end| duration(end.seconds));
    let steps = run.pipelines.iter().map(|pipeline| (pipeline.cached(), pipeline.ran()));
    let (cached, ran) = steps.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    let command = match run.command.char_indices().nth(50) {
        Some((at, _)) => format!("{}…", &run.command[..at]),
        None => run.command.clone(),
    };
    let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    [begun(run), command, result(run, folder), seconds, format!("{cached} of {}", cached + ran), id]
}

fn result(run: &Run, folder: &Path) -> String {
    let Some(end) = &run.end else {
        return if runs::goes_on(folder) { "goes on" } else { "was killed" }.into();
    };
    let counts = run.tests.iter().filter_map(|test| test.counts);
    let (passed, failed) = counts.fold((0, 0), |sum, count| (sum.0 + count.passed, sum.1 + count.failed));
    match end.exit_code {
        0 if passed > 0 => format!("{passed} passed"),
        0 => "passed".into(),
        129.. => "stopped".into(),
        _ if failed > 0 => format!("{failed} of {} failed", passed + failed),
        _ => "failed".into(),
    }
}

/// When a run began; records of an early version do not say.
fn begun(run: &Run) -> String {
    if run.unix > 0.0 { format!("{} ago", ago(runs::now() - run.unix)) } else { "?".into() }
}

/// Rows as lines, each column as wide as it must be.
fn columns<const N: usize>(titles: [String; N], rows: &[[String; N]]) -> Vec<String> {
    let all = || std::iter::once(&titles).chain(rows);
    let width = |at: usize| all().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all().map(line).collect()
}

fn show(folder: &Path, context: &Context) -> anyhow::Result<()> {
    let run = read(folder)?;
    let out = |line: String| context.events.output(line);
    out(format!("cargo xtask {}", run.command));
    let time = run.end.as_ref().map_or_else(String::new, |end| format!(" after {}", duration(end.seconds)));
    out(format!("{}{time}, begun {}", result(&run, folder), begun(&run)));
    out(format!("record: {}", folder.display()));
    run.stand_ins.iter().for_each(|stand_in| out(format!("stand-in: {stand_in}")));
    for pipeline in &run.pipelines {
        show_pipeline(pipeline, &run, folder, &out);
    }
    let goes_on = run.end.is_none() && runs::goes_on(folder);
    if !run.services.is_empty() {
        out(String::new());
        out("services".into());
        for service in &run.services {
            let state = match service.state() {
                _ if service.failure.is_some() => "FAILED".into(),
                Some(ServiceState::Completed) => format!("completed in {}", duration(service.seconds)),
                _ if service.seconds > 0.0 => format!("ready after {}", duration(service.seconds)),
                Some(ServiceState::Waiting { needs }) if goes_on => format!("waits for {}", needs.join(", ")),
                _ if goes_on => "starting".into(),
                _ => "was never ready".into(),
            };
            out(format!("  {state:>18}  {} ({} lines)", service.name, service.lines));
        }
    }
    for failure in run.tests.iter().flat_map(|test| &test.failures) {
        out(String::new());
        out(format!("FAILED {} ({})", failure.name, failure.place()));
        failure.message.lines().for_each(|line| out(format!("    {line}")));
        if !failure.again.is_empty() {
            out(format!("    again: {}", failure.again));
        }
    }
    if let Some(error) = run.end.as_ref().and_then(|end| end.error.as_ref()) {
        out(String::new());
        out(format!("error: {error}"));
    }
    Ok(())
}

fn show_pipeline(pipeline: &Pipeline, run: &Run, folder: &Path, out: &impl Fn(String)) {
    let goes_on = run.end.is_none() && runs::goes_on(folder);
    out(String::new());
    out(pipeline.name.clone());
    for step in &pipeline.steps {
        let how = match &step.outcome {
            Some(Outcome::Cached) => {
                let test = run.tests.iter().find(|test| test.id == step.id).and_then(|test| test.before);
                let kept = || runs::kept_logs().find(&step.id, run.ended()).map(|(made, _)| made);
                let made = test.or_else(kept);
                let made = made.map(|made| format!(" ran {} ago", ago(runs::now() - made.ended)));
                format!("CACHED{}", made.unwrap_or_default())
            }
            Some(Outcome::Ran) if step.kind == StepKind::Upload => "sent".into(),
            Some(Outcome::Ran) => duration(step.seconds),
            Some(Outcome::Shared) => "SHARED".into(),
            Some(Outcome::Unchanged) => "unchanged".into(),
            Some(Outcome::Failed { .. }) => format!("FAILED after {}", duration(step.seconds)),
            Some(Outcome::Canceled) => "stopped".into(),
            None if goes_on && step.started.is_some() => "runs".into(),
            None if goes_on => "waits".into(),
            None if step.started.is_some() => "did not end".into(),
            None => "did not run".into(),
        };
        out(format!("  {how:>18}  {}", step.step));
    }
}

fn read(folder: &Path) -> anyhow::Result<Run> {
    Run::read(folder).with_context(|| format!("cannot read the record in {}", folder.display()))
}

/// Something of a run that has a log.
struct Logged {
    name: String,
    /// None: it said nothing.
    log: Option<PathBuf>,
}

/// The log of the step, service or test that `wanted` names.
fn show_log(folder: &Path, wanted: &str, context: &Context) -> anyhow::Result<()> {
    let run = read(folder)?;
    let all = logged(&run, folder);
    let that = |fits: &dyn Fn(&Logged) -> bool| all.iter().filter(|logged| fits(logged)).collect::<Vec<_>>();
    // The more it is just what was asked for, the better.
    let by = [
        that(&|logged| logged.name == wanted),
        that(&|logged| logged.what() == wanted || logged.what().split(' ').next() == Some(wanted)),
        that(&|logged| logged.what().contains(wanted)),
        that(&|logged| logged.name.contains(wanted)),
    ];
    let found = by.into_iter().find(|found| !found.is_empty()).unwrap_or_default();
    let names = |logged: &[&Logged]| {
        logged.iter().map(|logged| format!("`{}`", logged.name)).collect::<Vec<_>>().join(", ")
    };
    let logged = match found[..] {
        [logged] => logged,
        [] => {
            let all = names(&all.iter().collect::<Vec<_>>());
            return Err(Error::Usage(format!("no step or service of that run has `{wanted}` in its name; there are {all}")).into());
        }
        _ => {
            let several = names(&found);
            return Err(Error::Usage(format!("`{wanted}` is in the names of {several}: give more of one of them")).into());
        }
    };
    match logged.log.as_ref().filter(|log| log.is_file()) {
        None => context.events.notice(format!("`{}` said nothing, or its log is gone", logged.name)),
        Some(log) => {
            let text = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
            String::from_utf8_lossy(&text).lines().for_each(|line| context.events.output(line));
        }
    }
    Ok(())
}

impl Logged {
    /// Without where it is.
    fn what(&self) -> &str {
        self.name.split(" > in ").next().unwrap_or_default()
    }
}

fn logged(run: &Run, folder: &Path) -> Vec<Logged> {
    let of_step = |pipeline: &Pipeline, step: &Step| {
        let test = folder.join(&pipeline.name).join("output.log");
        let own = step_log(folder, &step.id);
        let log = match step.kind {
            StepKind::Test if test.is_file() => Some(test),
            _ if own.is_file() => Some(own),
            _ if step.outcome == Some(Outcome::Cached) => runs::kept_logs().find(&step.id, run.ended()).map(|(_, log)| log),
            _ => None,
        };
        Logged { name: format!("{} > in {}", step.step, pipeline.name), log }
    };
    let says = |step: &&Step| matches!(step.kind, StepKind::Exec | StepKind::Test);
    let steps = run.pipelines.iter().flat_map(|pipeline| {
        pipeline.steps.iter().filter(says).map(move |step| of_step(pipeline, step))
    });
    let services = run.services.iter().map(|service| Logged {
        name: service.name.clone(),
        log: Some(folder.join("services").join(format!("{}.log", service.name))),
    });
    steps.chain(services).collect()
}
