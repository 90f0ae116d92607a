//! `cargo xtask ps`.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use xtask_engine::bytes;
use xtask_engine::docker::{IMAGE_LABEL, PREFIX_LABEL, STAND_IN_LABEL, StackContainer, Usage};
use xtask_engine::report::ago;
use xtask_engine::session::PartState;

use crate::context::Context;
use crate::lasting::Named;

/// How the parts of a stack of `up` are: state, ports, image, CPU and memory
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask ps                           the stack of this checkout
  cargo xtask ps --all                     all stacks of this machine and user
  cargo xtask ps --json | jq .part         one object a line")]
pub struct Args {
    #[command(flatten)]
    stack: Named,
    /// All stacks
    #[arg(long, conflicts_with = "prefix")]
    all: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// If the engine is gone.
pub async fn run(Args { stack, all, json }: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = if all { None } else { Some(stack.prefix(context)?) };
    let session = context.session_that_only_looks().await?;
    let mut parts = session.stack_state(prefix.as_ref()).await?;
    // Services first, jobs have done their work.
    parts.sort_by_key(|part| (prefix_of(part).to_owned(), part.is_job(), part.part().to_owned()));
    if json {
        for part in &parts {
            context.events.output(object(part).to_string());
        }
        return Ok(());
    }
    if parts.is_empty() {
        let which = prefix.map(|prefix| format!(" {prefix}")).unwrap_or_default();
        let option = stack.option();
        context.events.output(format!("there is no stack{which}; `cargo xtask up{option}` brings one up"));
        return Ok(());
    }
    let mut rows = vec![TITLES.map(str::to_owned).to_vec()];
    rows.extend(parts.iter().map(|part| row(part, SystemTime::now())));
    for line in columns(&rows, if all { 0 } else { 1 }) {
        context.events.output(line);
    }
    let down: Vec<&str> = parts.iter().filter(|part| is_down(part)).map(PartState::part).collect();
    if !down.is_empty() {
        let option = stack.option();
        context.events.notice(format!(
            "not running: {}; `cargo xtask up{option}` brings them back, `cargo xtask logs{option} {}` says why",
            down.join(", "),
            down[0]
        ));
    }
    Ok(())
}

const TITLES: [&str; 8] = ["stack", "part", "state", "since", "cpu", "memory", "ports", "image"];

fn prefix_of(part: &PartState) -> &str {
    part.container.label(PREFIX_LABEL)
}

fn is_down(part: &PartState) -> bool {
    !part.is_job() && !part.container.is_running()
}

fn row(part: &PartState, now: SystemTime) -> Vec<String> {
    let container = &part.container;
    let usage = part.usage;
    let stand_in = if container.label(STAND_IN_LABEL).is_empty() { "" } else { " (stand-in)" };
    let ports = container.ports.iter().map(|(port, address, host)| format!("{address}:{host}->{port}"));
    vec![
        prefix_of(part).to_owned(),
        part.part().to_owned(),
        state(part),
        since(container, now),
        usage.and_then(|usage| percent(usage, age(container, now)?)).unwrap_or_default(),
        usage.map(|usage| bytes(usage.memory)).unwrap_or_default(),
        ports.collect::<Vec<_>>().join(" "),
        format!("{}{stand_in}", container.label(IMAGE_LABEL)),
    ]
}

/// How a part is, in a word or with what it answered.
fn state(part: &PartState) -> String {
    let container = &part.container;
    match (&part.ready, container.state.as_str(), container.exit_code) {
        (Some(Ok(())), ..) => "ready".into(),
        (Some(Err(why)), ..) => format!("not ready: {}", xtask_engine::in_one_line(why)),
        (None, "exited", 0) if part.is_job() => "completed".into(),
        (None, "exited" | "dead", _) if container.out_of_memory => "ended: out of memory".into(),
        (None, "exited" | "dead", code) => format!("ended with exit code {code}"),
        (None, state, _) => state.to_owned(),
    }
}

/// What it uses of a processor, on average since it started, as `ps` has it.
fn percent(usage: Usage, age: Duration) -> Option<String> {
    (!age.is_zero()).then(|| format!("{:.0}%", 100.0 * usage.cpu_seconds / age.as_secs_f64()))
}

fn since(container: &StackContainer, now: SystemTime) -> String {
    age(container, now).map(|age| ago(age.as_secs_f64())).unwrap_or_default()
}

/// How long a part has been as it is.
fn age(container: &StackContainer, now: SystemTime) -> Option<Duration> {
    let time = if container.is_running() { &container.started } else { &container.finished };
    let time = humantime::parse_rfc3339_weak(time).ok().filter(|time| *time > SystemTime::UNIX_EPOCH);
    time.map(|time| now.duration_since(time).unwrap_or_default())
}

fn object(part: &PartState) -> Value {
    let container = &part.container;
    let port = |(port, address, host): &(u16, String, u16)| {
        json!({ "port": port, "address": address, "host_port": host })
    };
    let stand_in = container.label(STAND_IN_LABEL);
    json!({
        "stack": prefix_of(part),
        "part": part.part(),
        "job": part.is_job(),
        "container": container.name,
        "state": container.state,
        "exit_code": (!container.is_running()).then_some(container.exit_code),
        "ready": part.ready.as_ref().map(Result::is_ok),
        "answer": part.ready.as_ref().and_then(|ready| ready.as_ref().err()),
        "started": container.started,
        "ports": container.ports.iter().map(port).collect::<Vec<_>>(),
        "image": container.label(IMAGE_LABEL),
        "image_id": container.image,
        "stand_in": (!stand_in.is_empty()).then_some(stand_in),
        "cpu_seconds": part.usage.map(|usage| usage.cpu_seconds),
        "memory": part.usage.map(|usage| usage.memory),
    })
}

/// Rows as lines, without their first columns, each column as wide as it must be.
fn columns(rows: &[Vec<String>], skip: usize) -> Vec<String> {
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..TITLES.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).skip(skip).map(|(cell, &width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use xtask_engine::docker::{PART_LABEL, PURPOSE_LABEL};

    use super::*;

    fn part(name: &str, state: &str, ready: Option<Result<(), String>>) -> PartState {
        let labels = [
            (PREFIX_LABEL, "day"),
            (PART_LABEL, name),
            (PURPOSE_LABEL, if name.contains("migrate") { "job" } else { "service" }),
            (IMAGE_LABEL, "node:20-alpine"),
            (STAND_IN_LABEL, if name == "crux" { "Debian" } else { "" }),
        ];
        let container = StackContainer {
            id: "0".into(),
            name: format!("xtask-day-{name}"),
            labels: labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into(),
            state: state.into(),
            exit_code: if name == "mail" { 7 } else { 0 },
            out_of_memory: false,
            health: None,
            started: "1970-01-01T01:00:00.5Z".into(),
            finished: "1970-01-01T01:30:00Z".into(),
            ports: if state == "running" { vec![(1848, "127.0.0.1".into(), 1900)] } else { Vec::new() },
            addresses: Vec::new(),
            has_volume: false,
            image: "sha256:0".into(),
        };
        let usage = (state == "running").then_some(Usage { cpu_seconds: 450.0, memory: 104_857_600 });
        PartState { container, ready, usage }
    }

    #[test]
    fn a_table_says_how_each_part_is() {
        let parts = [
            part("crux", "running", Some(Ok(()))),
            part("kratos", "running", Some(Err("HTTP 503\nand more".into()))),
            part("mail", "exited", None),
            part("crux-migrate", "exited", None),
            part("traefik", "restarting", None),
        ];
        let now = UNIX_EPOCH + Duration::from_secs(7200);
        let mut rows = vec![TITLES.map(str::to_owned).to_vec()];
        rows.extend(parts.iter().map(|part| row(part, now)));
        insta::assert_snapshot!(columns(&rows, 0).join("\n"));
        insta::assert_snapshot!(columns(&rows, 1)[1]);
        assert_eq!(parts.iter().filter(|part| is_down(part)).count(), 2);
        insta::assert_snapshot!(serde_json::to_string_pretty(&object(&parts[1])).unwrap());
    }
}
