//! A part of a stack, as a row of a table and as an object.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use xtask_engine::bytes;
use xtask_engine::docker::{IMAGE_LABEL, STAND_IN_LABEL, StackContainer, Usage};
use xtask_engine::report::ago;
use xtask_engine::session::PartState;

use super::{TITLES, prefix_of};
use crate::lasting::parts::on_host;

/// A part, wherever it runs.
pub enum Row<'a> {
    /// In a container.
    InStack(&'a PartState),
    /// On the host, beside a stack.
    OnHost { stack: &'a str, part: &'a str },
}

/// The parts of a stack by name; services first, jobs have done their work.
pub fn rows(parts: &[PartState]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = parts.iter().map(Row::InStack).collect();
    let known: Vec<_> = parts.iter().map(|part| &part.part).collect();
    let stack = parts.first().map(prefix_of).unwrap_or_default();
    rows.extend(on_host(&known).into_iter().map(|part| Row::OnHost { stack, part }));
    rows.sort_by_key(|row| match row {
        Row::InStack(part) => (part.part.is_job(), part.part.name()),
        Row::OnHost { part, .. } => (false, *part),
    });
    rows
}

/// The state of a part on the host.
const ON_HOST: &str = "on the host";

impl Row<'_> {
    /// Its cells, in the order of [`TITLES`](super::TITLES).
    pub fn cells(&self, now: SystemTime) -> Vec<String> {
        match self {
            Self::InStack(part) => cells(part, now),
            Self::OnHost { stack, part } => {
                let said = [*stack, *part, ON_HOST].into_iter();
                said.chain(std::iter::repeat("")).take(TITLES.len()).map(str::to_owned).collect()
            }
        }
    }

    /// All that is known of it.
    pub fn object(&self) -> Value {
        match self {
            Self::InStack(part) => object(part),
            Self::OnHost { stack, part } => {
                json!({ "stack": stack, "part": part, "job": false, "container": null, "state": ON_HOST })
            }
        }
    }
}

fn cells(state: &PartState, now: SystemTime) -> Vec<String> {
    let container = &state.part.container;
    let usage = state.usage;
    let stand_in = if container.label(STAND_IN_LABEL).is_empty() { "" } else { " (stand-in)" };
    vec![
        prefix_of(state).to_owned(),
        state.part.name().to_owned(),
        how(state),
        since(container, now),
        usage.and_then(|usage| percent(usage, age(container, now)?)).unwrap_or_default(),
        usage.map(|usage| bytes(usage.memory)).unwrap_or_default(),
        ports(container),
        format!("{}{stand_in}", container.label(IMAGE_LABEL)),
    ]
}

/// Ports of the host, with where they lead unless that is the same; with their address unless only this
/// machine has it.
pub fn ports(container: &StackContainer) -> String {
    let port = |(port, ip, host): &(u16, String, u16)| {
        let address = match ip.parse::<IpAddr>() {
            Ok(ip) if ip.is_loopback() => String::new(),
            Ok(IpAddr::V6(ip)) => format!("[{ip}]:"),
            _ => format!("{ip}:"),
        };
        if host == port { format!("{address}{host}") } else { format!("{address}{host}->{port}") }
    };
    let mut ports: Vec<String> = container.ports.iter().map(port).collect();
    ports.dedup();
    ports.join(", ")
}

/// How a part is, in a word or with what it answered.
fn how(state: &PartState) -> String {
    let container = &state.part.container;
    let how = match (&state.ready, container.state.as_str(), container.exit_code) {
        (Some(Ok(())), ..) => "ready".into(),
        (Some(Err(why)), ..) => format!("not ready: {}", xtask_engine::in_one_line(why)),
        (None, "exited", 0) if state.part.is_job() => "completed".into(),
        (None, "exited" | "dead", _) if container.out_of_memory => "ended: out of memory".into(),
        (None, "exited" | "dead", code) => format!("ended with exit code {code}"),
        (None, state, _) => state.to_owned(),
    };
    if state.part.others.is_empty() { how } else { format!("{how}, being replaced") }
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

fn object(state: &PartState) -> Value {
    let PartState { part, ready, usage } = state;
    let container = &part.container;
    let port = |(port, address, host): &(u16, String, u16)| {
        json!({ "port": port, "address": address, "host_port": host })
    };
    let stand_in = container.label(STAND_IN_LABEL);
    json!({
        "stack": prefix_of(state),
        "part": part.name(),
        "job": part.is_job(),
        "container": container.name,
        "state": container.state,
        "exit_code": (!container.is_running()).then_some(container.exit_code),
        "health": container.health,
        "ready": ready.as_ref().map(Result::is_ok),
        "answer": ready.as_ref().and_then(|ready| ready.as_ref().err()),
        "being_replaced": !part.others.is_empty(),
        "started": container.started,
        "ports": container.ports.iter().map(port).collect::<Vec<_>>(),
        "image": container.label(IMAGE_LABEL),
        "image_id": container.image,
        "stand_in": (!stand_in.is_empty()).then_some(stand_in),
        "cpu_seconds": usage.map(|usage| usage.cpu_seconds),
        "memory": usage.map(|usage| usage.memory),
    })
}
