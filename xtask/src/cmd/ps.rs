//! `cargo xtask ps`.

mod row;
mod table;

use std::time::SystemTime;

use xtask_engine::docker::PREFIX_LABEL;
use xtask_engine::session::PartState;

use self::row::rows;
use self::table::{Room, cut, table};
use crate::context::Context;
use crate::lasting::Named;
use crate::terminal;

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
    pub json: bool,
}

/// Runs it.
///
/// # Errors
/// If the engine is gone.
pub async fn run(Args { stack, all, json }: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = if all { None } else { Some(stack.prefix(context)?) };
    let session = context.session_that_only_looks().await?;
    let state = session.stack_state(prefix.as_ref()).await?;
    let stacks: Vec<&[PartState]> = state.chunk_by(|one, other| prefix_of(one) == prefix_of(other)).collect();
    if json {
        for row in stacks.iter().flat_map(|stack| rows(stack)) {
            context.events.output(row.object().to_string());
        }
        return Ok(());
    }
    if stacks.is_empty() {
        let which = prefix.map(|prefix| format!(" {prefix}")).unwrap_or_default();
        let option = stack.option();
        context.events.output(format!("there is no stack{which}; `cargo xtask up{option}` brings one up"));
        return Ok(());
    }
    let now = SystemTime::now();
    let cells: Vec<_> = stacks.iter().flat_map(|stack| rows(stack)).map(|row| row.cells(now)).collect();
    let width = terminal::size().map(|(_, columns)| usize::from(columns)).filter(|columns| *columns > 0);
    for line in shown(&cells, all, width) {
        context.events.output(line);
    }
    for parts in stacks {
        let option = if all { format!(" --prefix {}", prefix_of(&parts[0])) } else { stack.option() };
        if let Some(notice) = not_running(parts, &option) {
            context.events.notice(notice);
        }
    }
    Ok(())
}

const TITLES: [&str; 8] = ["stack", "part", "state", "since", "cpu", "memory", "ports", "image"];
/// Characters of a state where there is little room, and where there is less.
const STATE: [usize; 2] = [32, 22];
/// What makes room: where a part is reached is of most use.
const ROOMS: [Room; 8] = [
    Room::Shorten("image", without_path),
    Room::Shorten("state", |state| cut(state, STATE[0])),
    Room::Leave("image"),
    Room::Leave("cpu"),
    Room::Leave("memory"),
    Room::Leave("since"),
    Room::Shorten("state", |state| cut(state, STATE[1])),
    Room::Leave("ports"),
];

/// The lines of a table, without the stack's name where there is one only.
fn shown(cells: &[Vec<String>], all: bool, width: Option<usize>) -> Vec<String> {
    let skip = if all { 0 } else { 1 };
    let cells: Vec<Vec<String>> = cells.iter().map(|row| row[skip..].to_vec()).collect();
    table(&TITLES[skip..], &cells, width, &ROOMS)
}

/// An image without its registry and folders.
fn without_path(image: &str) -> String {
    let (name, rest) = image.split_once(' ').map_or((image, ""), |(name, _)| (name, &image[name.len()..]));
    format!("{}{rest}", name.rsplit('/').next().unwrap_or_default())
}

fn prefix_of(part: &PartState) -> &str {
    part.part.container.label(PREFIX_LABEL)
}

/// What is said of parts that should run and do not.
fn not_running(parts: &[PartState], option: &str) -> Option<String> {
    let is_down = |part: &&PartState| {
        !part.part.is_job() && !part.part.container.is_running() && part.part.others.is_empty()
    };
    let down: Vec<&str> = parts.iter().filter(is_down).map(|part| part.part.name()).collect();
    let first = down.first()?;
    Some(format!(
        "not running: {}; `cargo xtask up{option}` brings them back, `cargo xtask logs{option} {first}` says why",
        down.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use xtask_engine::docker::{IMAGE_LABEL, STAND_IN_LABEL, Usage};

    use super::row::{Row, ports};
    use super::*;
    use crate::lasting::parts::tests::part as stack_part;

    fn part(name: &str, state: &str, ready: Option<Result<(), String>>) -> PartState {
        let mut part = stack_part(name, state);
        let container = &mut part.container;
        let image = if name == "crux" { "ghcr.io/dyrector-io/web/crux:1" } else { "node:20-alpine" };
        container.labels.insert(IMAGE_LABEL.into(), image.into());
        container.labels.insert(STAND_IN_LABEL.into(), if name == "crux" { "Debian" } else { "" }.into());
        container.id = "0".into();
        container.exit_code = if name == "mail" { 7 } else { 0 };
        container.started = "1970-01-01T01:00:00.5Z".into();
        container.finished = "1970-01-01T01:30:00Z".into();
        if state == "running" {
            container.ports = vec![(1848, "127.0.0.1".into(), 1900), (5000, "127.0.0.1".into(), 5000)];
        }
        container.image = "sha256:0".into();
        let usage = (state == "running").then_some(Usage { cpu_seconds: 450.0, memory: 104_857_600 });
        PartState { part, ready, usage }
    }

    fn parts() -> Vec<PartState> {
        let mut crux = part("crux", "running", Some(Ok(())));
        crux.part.others.push(crux.part.container.clone());
        let mut kratos = part("kratos", "running", Some(Err("HTTP 503 from /health/ready\nand more".into())));
        kratos.part.container.health = Some("unhealthy".into());
        vec![
            crux,
            kratos,
            part("mail", "exited", None),
            part("crux-migrate", "exited", None),
            part("traefik", "restarting", None),
            part("database", "running", Some(Ok(()))),
        ]
    }

    #[test]
    fn a_table_says_how_each_part_is() {
        let parts = parts();
        let cells: Vec<_> =
            rows(&parts).iter().map(|row| row.cells(UNIX_EPOCH + Duration::from_secs(7200))).collect();
        insta::assert_snapshot!(shown(&cells, true, None).join("\n"));
        let narrow = [110, 80, 60, 40, 20].map(|width| {
            let lines = shown(&cells, false, Some(width));
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{lines:#?}");
            format!("{}\n{}\n", "-".repeat(width), lines.join("\n"))
        });
        insta::assert_snapshot!(narrow.concat());
        insta::assert_snapshot!(not_running(&parts, " --prefix day").unwrap());
    }

    #[test]
    fn objects_say_all_of_each_part() {
        let parts = parts();
        let rows = rows(&parts);
        let object = |name: &str| {
            let row = rows.iter().map(Row::object).find(|row| row["part"] == name);
            serde_json::to_string_pretty(&row).unwrap()
        };
        insta::assert_snapshot!(["kratos", "crux-ui"].map(object).join("\n"));
    }

    #[test]
    fn a_port_is_no_longer_than_it_must_be() {
        let of = |published: &[(u16, &str, u16)]| {
            let mut part = stack_part("traefik", "running");
            part.container.ports =
                published.iter().map(|(port, ip, host)| (*port, (*ip).to_owned(), *host)).collect();
            ports(&part.container)
        };
        assert_eq!(of(&[(8000, "127.0.0.1", 8000), (8080, "127.0.0.1", 8080)]), "8000, 8080");
        assert_eq!(of(&[(1848, "127.0.0.1", 1900), (1848, "::1", 1900)]), "1900->1848");
        assert_eq!(of(&[(8000, "0.0.0.0", 8000), (8000, "::", 8001)]), "0.0.0.0:8000, [::]:8001->8000");
        assert_eq!(of(&[]), "");
    }
}
