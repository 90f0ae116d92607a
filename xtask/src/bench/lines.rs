//! A program that prints a hundred thousand lines a second among services, read, kept and shown; beside
//! one that nobody reads.

use std::fs;
use std::io;
use std::process::Command;

use anyhow::Context as _;
use xtask_engine::Session;
use xtask_engine::event::Events;
use xtask_engine::pipeline::{Container, Service};
use xtask_engine::report::{KeptLogs, Look, Record, Tty, Verbosity};
use xtask_engine::session::Options;

use super::Bench;
use super::report::Row;
use super::statistics::Samples;
use crate::images;

const CASE: &str = "lines";
/// Against the same program that nobody reads.
const SLOWER: f64 = 1.1;
/// Prints half a million lines, a hundred a millisecond or as fast as it can, and, last, how long that
/// took.
const PROGRAM: &str = "\
    const fs = require('fs'), begun = Date.now(), still = new Int32Array(new SharedArrayBuffer(4))\n\
    const say = text => { try { fs.writeSync(1, text) } catch { say(text) } }\n\
    for (let line = 0; line < 5e5; line++) {\n\
      const early = line / 100 - (Date.now() - begun)\n\
      if (early > 1) Atomics.wait(still, 0, 0, early)\n\
      say(`line ${line} of a program that prints a lot of text\\n`)\n\
    }\n\
    say(`took ${Date.now() - begun} ms\\n`)\n";

/// The case.
pub async fn lines(bench: &Bench<'_>, session: &Session, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let program = Container::from(images::node()).with_default_args(["node", "-e", PROGRAM]);
    let tag = format!("{}:{CASE}", bench.marker);
    session.export_image(CASE, &program, &tag).await?;
    let measured = take_turns(bench, session, &program.as_job(CASE), &tag).await;
    session.engine().remove_image(&tag).await?;
    let (ours, theirs) = measured?;
    let unread = ("nobody reads it", &theirs);
    rows.push(Row::ratio(CASE, "500,000 at 100,000 a second", ("xtask", &ours), unread, SLOWER));
    Ok(())
}

async fn take_turns(
    bench: &Bench<'_>,
    session: &Session,
    job: &Service,
    tag: &str,
) -> anyhow::Result<(Samples, Samples)> {
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for round in 0..=bench.rounds {
        for turn in 0..2 {
            bench.go_on()?;
            let (samples, seconds) = match (round + turn) % 2 {
                0 => (&mut ours, read(bench, job, round).await?),
                _ => (&mut theirs, unread(bench, session, tag).await?),
            };
            if round > 0 {
                samples.add(seconds);
            }
        }
    }
    Ok((ours, theirs))
}

/// Seconds that the program took while all of it was read, kept and drawn.
async fn read(bench: &Bench<'_>, job: &Service, round: usize) -> anyhow::Result<f64> {
    let record = bench.scratch.join(CASE).join(round.to_string());
    fs::create_dir_all(&record).context("cannot make a folder")?;
    let look = Look {
        verbosity: Verbosity::Normal,
        colors: true,
        history: bench.scratch.clone(),
        stopping: bench.context.cancel.clone(),
    };
    let kept = KeptLogs::at(bench.scratch.join("kept"));
    let events = Events::new(vec![
        Box::new(Tty::new(io::sink(), look, || {})),
        Box::new(Record::create(&record, kept).context("cannot keep a record")?),
    ]);
    let options = Options { record: record.clone(), ..bench.context.options() };
    let session = Session::open(options, events, bench.context.cancel.clone()).await?;
    let ran = session.start(&[job]).await;
    session.close().await?;
    ran?;
    let log = fs::read_to_string(record.join("services/lines.log")).context("cannot read its log")?;
    took(&log)
}

/// The same while nobody reads.
async fn unread(bench: &Bench<'_>, session: &Session, tag: &str) -> anyhow::Result<f64> {
    let docker = |args: &[&str]| -> anyhow::Result<String> {
        let output = Command::new("docker").env("DOCKER_HOST", &bench.engine).args(args).output()?;
        anyhow::ensure!(
            output.status.success(),
            "docker {}: {}",
            args[0],
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let labels = session.labels().await;
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("--label={name}={value}")).collect();
    let run = ["run", "--detach", "--log-opt=max-size=64m"];
    let words: Vec<&str> = run
        .into_iter()
        .chain(labels.iter().map(String::as_str))
        .chain([tag, "node", "-e", PROGRAM])
        .collect();
    let container = docker(&words)?;
    docker(&["wait", &container])?;
    let log = docker(&["logs", "--tail=1", &container]);
    docker(&["rm", "--force", &container])?;
    took(&log?)
}

/// What the last line says, in seconds.
fn took(log: &str) -> anyhow::Result<f64> {
    let line = log.lines().next_back().unwrap_or_default();
    let milliseconds = line.strip_prefix("took ").and_then(|rest| rest.strip_suffix(" ms"));
    let milliseconds = milliseconds.with_context(|| format!("the program's last line is {line:?}"))?;
    Ok(milliseconds.parse::<f64>()? / 1000.0)
}
