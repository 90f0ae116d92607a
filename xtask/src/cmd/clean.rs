//! `cargo xtask clean`.

use std::collections::BTreeSet;

use clap::builder::NonEmptyStringValueParser;
use xtask_engine::docker::{OWNER_LABEL, PART_LABEL, TASK_LABEL};
use xtask_engine::session::{Ours, Whose};
use xtask_engine::{Session, bytes};

use crate::context::Context;
use crate::host::Usage;

/// Remove from the engine what runs of this machine left there, kept stacks too
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What a run that goes on needs stays, and so does what belongs to other users, machines and projects.

Examples:
  cargo xtask clean --dry-run             show what would go
  cargo xtask clean --session 0a1b2c3d    a stack that --keep-on-failure left
  cargo xtask clean --volumes             data that are kept between runs, too")]
pub struct Args {
    /// Also data that are kept between runs, such as those of the database of `cargo xtask crux`
    #[arg(long)]
    volumes: bool,
    /// Also images that were made for services, by whomever; who needs one makes it again
    #[arg(long)]
    images: bool,
    /// Only what this session left: its id, or how that begins
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(),
        conflicts_with_all = ["volumes", "images"])]
    session: Option<String>,
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// `Usage` if the session that was named left nothing or runs; if something cannot be removed.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let session = context.session_that_only_looks().await?;
    let ours = session.ours().await?;
    let going = match &args.session {
        Some(id) => of_session(&ours, id)?,
        None => ours.iter().filter(|ours| goes(ours, args.volumes)).cloned().collect(),
    };
    for ours in &going {
        context.events.output(row(ours));
    }
    let mut count = going.len();
    if !args.dry_run {
        session.remove_ours(&going).await?;
    }
    if args.images {
        count += images(&session, args.dry_run, context).await?;
    }
    context.events.output(total(count, args.dry_run));
    if args.session.is_none() {
        for line in what_stays(&ours, args.volumes) {
            context.events.notice(line);
        }
    }
    Ok(())
}

fn goes(ours: &Ours, volumes: bool) -> bool {
    match ours.whose {
        Whose::Running(_) | Whose::Stack(_) => false,
        Whose::Left(_) => true,
        Whose::Kept => volumes,
    }
}

/// What the session whose id begins so left.
fn of_session(ours: &[Ours], id: &str) -> Result<Vec<Ours>, Usage> {
    let is_it = |session: &str| !id.is_empty() && session.starts_with(id);
    if ours.iter().any(|ours| matches!(&ours.whose, Whose::Running(session) if is_it(session))) {
        return Err(Usage(format!("the session {id} still runs; end it with Ctrl-C where it runs")));
    }
    let left = |ours: &&Ours| matches!(&ours.whose, Whose::Left(session) if is_it(session));
    let left: Vec<Ours> = ours.iter().filter(left).cloned().collect();
    match left.is_empty() {
        true => Err(Usage(format!(
            "no session {id} left anything here; `cargo xtask clean --dry-run` shows what there is"
        ))),
        false => Ok(left),
    }
}

/// Images; gives how many.
async fn images(session: &Session, dry_run: bool, context: &Context) -> anyhow::Result<usize> {
    let mut count = 0;
    for (name, size) in session.our_images().await? {
        if dry_run || session.remove_our_image(&name).await? {
            context.events.output(format!("{:<9}  {name}  {}", "image", bytes(size)));
            count += 1;
        }
    }
    Ok(count)
}

fn row(ours: &Ours) -> String {
    let owned = &ours.owned;
    let label = |label: &str| owned.labels.get(label).map(String::as_str).unwrap_or_default();
    let task = match (&ours.whose, label(TASK_LABEL)) {
        (Whose::Kept, _) => format!("data of {}, for {}", label(PART_LABEL), label(OWNER_LABEL)),
        (_, "") => String::new(),
        (_, task) => format!("of {task}"),
    };
    let text = format!("{:<9}  {:<32}  {task:<8}  {}", owned.kind.word(), owned.name, owned.status);
    text.trim_end().to_owned()
}

fn total(count: usize, dry_run: bool) -> String {
    match (count, dry_run) {
        (0, _) => "nothing to remove".to_owned(),
        (count, true) => format!("{count} in all; nothing was removed"),
        (count, false) => format!("{count} removed"),
    }
}

/// The stack that something belongs to.
fn stack(ours: &Ours) -> Option<&str> {
    match &ours.whose {
        Whose::Stack(prefix) => Some(prefix),
        _ => None,
    }
}

/// What is ours and was left alone, and why.
fn what_stays(ours: &[Ours], volumes: bool) -> Vec<String> {
    let running = ours.iter().filter(|ours| matches!(ours.whose, Whose::Running(_))).count();
    let kept = ours.iter().filter(|ours| ours.whose == Whose::Kept).count();
    let stacks: BTreeSet<&str> = ours.iter().filter_map(stack).collect();
    let mut lines: Vec<String> =
        stacks.into_iter().map(|it| format!("the stack {it} stays; `cargo xtask down --prefix {it}` takes it down")).collect();
    if running > 0 {
        lines.push(format!("{running} more belong to runs that go on, and stay"));
    }
    if kept > 0 && !volumes {
        lines.push(format!("{kept} more are data that are kept between runs; --volumes takes them, too"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use xtask_engine::docker::{Labels, Owned, OwnedKind};

    use super::*;

    fn ours(kind: OwnedKind, name: &str, whose: Whose) -> Ours {
        let labels = [(TASK_LABEL, "e2e"), (PART_LABEL, "database"), (OWNER_LABEL, "~/crux")];
        let labels: Labels =
            labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let status = if kind == OwnedKind::Container { "Up 5 minutes".into() } else { String::new() };
        Ours { owned: Owned { kind, id: name.into(), name: name.into(), labels, status }, whose }
    }

    fn all() -> Vec<Ours> {
        vec![
            ours(OwnedKind::Container, "xtask-0a1b-crux", Whose::Left("0a1b".into())),
            ours(OwnedKind::Network, "xtask-0a1b", Whose::Left("0a1b".into())),
            ours(OwnedKind::Container, "xtask-77-crux", Whose::Running("77".into())),
            ours(OwnedKind::Volume, "xtask-f00-database", Whose::Kept),
            ours(OwnedKind::Container, "xtask-day-crux", Whose::Stack("day".into())),
            ours(OwnedKind::Volume, "xtask-day-database", Whose::Stack("day".into())),
        ]
    }

    #[test]
    fn a_row_says_what_it_is_and_what_it_was_for() {
        let rows: Vec<String> = all().iter().map(row).collect();
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn what_runs_stays_and_data_stay_unless_they_are_named() {
        let going = |volumes| all().iter().filter(|ours| goes(ours, volumes)).count();
        assert_eq!((going(false), going(true)), (2, 3));
        insta::assert_snapshot!(what_stays(&all(), false).join("\n"));
        assert_eq!(what_stays(&all(), true).len(), 2);
    }

    #[test]
    fn a_session_is_named_by_how_its_id_begins() {
        assert_eq!(of_session(&all(), "0a").unwrap().len(), 2);
        for bad in ["", "b", "7"] {
            assert!(of_session(&all(), bad).is_err(), "{bad:?}");
        }
        insta::assert_snapshot!(of_session(&all(), "77").unwrap_err().to_string());
    }
}
