//! `cargo xtask logs`.

use std::io::IsTerminal;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use xtask_engine::Session;
use xtask_engine::docker::{LogOptions, PART_LABEL, PrintedStream, StackContainer};

use crate::context::Context;
use crate::exit::{Exit, INTERRUPTED};
use crate::lasting::follow::{Follow, Heard};
use crate::lasting::lines::{Layout, Lines, Piece};
use crate::lasting::{Named, Parts};
use crate::terminal;

/// What parts of the stack printed; of several in the order of time, behind their names
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With -f a part is followed through restarts and replacements, until the stack is taken down.

Examples:
  cargo xtask logs                          all parts
  cargo xtask logs -f crux crux-ui          two of them, and what comes
  cargo xtask logs --since 10m --tail 100 kratos
  cargo xtask logs -t --since 2h --until 1h
  cargo xtask logs crux-migrate             a job that is done")]
pub struct Args {
    #[command(flatten)]
    stack: Named,
    /// What comes from now on, too
    #[arg(long, short)]
    follow: bool,
    /// Nothing older than this: 10m, or a time like 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<i32>,
    /// Nothing newer than this
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "follow")]
    until: Option<i32>,
    /// So many of the last lines of each part, or `all`, which is the default
    #[arg(long, short = 'n', value_name = "LINES", value_parser = tail)]
    tail: Option<Tail>,
    /// With the time of each line
    #[arg(long, short)]
    timestamps: bool,
    /// Without the parts' names
    #[arg(long)]
    no_log_prefix: bool,
    /// The parts [default: all that run for long]
    #[arg(value_name = "PART")]
    parts: Vec<String>,
}

/// How many of the last lines: none is all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tail(Option<u64>);

/// Runs it.
///
/// # Errors
/// `Usage` if there is no such part, `NotReady` if there is no stack.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = args.stack.prefix(context)?;
    let session = context.session_that_only_looks().await?;
    let parts = Parts::of(&session, &prefix, args.stack.option()).await?;
    let chosen: Vec<&StackContainer> = match args.parts.is_empty() {
        true => parts.services(),
        false => parts.each_named(&args.parts)?.into_iter().map(|part| &part.container).collect(),
    };
    let mut names: Vec<String> = chosen.iter().map(|part| part.label(PART_LABEL).to_owned()).collect();
    if args.follow && args.parts.is_empty() {
        names.extend(parts.on_host().into_iter().map(str::to_owned)); // they may come back
    }
    let options = LogOptions {
        follow: args.follow,
        since: args.since,
        until: args.until,
        tail: args.tail.and_then(|tail| tail.0),
        timestamps: true,
    };
    let mut shown = Shown::of(names.clone(), &args);
    let printing = async {
        match args.follow {
            true => {
                let follow = Follow::of(&session, &prefix, names, options);
                follow.run(|at, container, heard| shown.hear(at, container, heard)).await
            }
            false => in_order(&session, &chosen, &options, &mut shown).await,
        }
    };
    tokio::select! {
        printed = printing => printed,
        // It is how one ends it: no word about that.
        () = context.cancel.cancelled() => Err(Exit(INTERRUPTED).into()),
    }
}

/// The standard streams: one part has its own, several share the first one, line by line.
struct Shown {
    lines: Lines,
    is_one: bool,
    follow: bool,
}

impl Shown {
    fn of(names: Vec<String>, args: &Args) -> Self {
        let colored = match anstream::AutoStream::choice(&std::io::stdout()) {
            anstream::ColorChoice::Auto => std::io::stdout().is_terminal(),
            choice => choice != anstream::ColorChoice::Never,
        };
        let is_one = names.len() == 1;
        let layout = Layout { names: !is_one && !args.no_log_prefix, times: args.timestamps, colored };
        Self { lines: Lines::of(names, layout), is_one, follow: args.follow }
    }

    fn hear(&mut self, at: usize, container: &str, heard: Heard) -> anyhow::Result<()> {
        match heard {
            Heard::Piece(piece) => {
                let whole = self.lines.take(at, container, &piece);
                self.write(piece.is_error, &whole)
            }
            Heard::End => {
                for is_error in [false, true] {
                    let mut rest = self.lines.rest(container, is_error);
                    // Where nothing comes after it, it is shown as it was printed.
                    if !rest.is_empty() && (self.follow || !self.is_one) {
                        rest.push(b'\n');
                    }
                    self.write(is_error, &rest)?;
                }
                Ok(())
            }
        }
    }

    fn write(&self, is_error: bool, bytes: &[u8]) -> anyhow::Result<()> {
        match bytes {
            [] => Ok(()),
            _ if is_error && self.is_one => terminal::write_err(bytes),
            _ => terminal::write_out(bytes),
        }
    }
}

/// Each time the part's next line that is the oldest.
async fn in_order(
    session: &Session,
    parts: &[&StackContainer],
    options: &LogOptions,
    shown: &mut Shown,
) -> anyhow::Result<()> {
    let mut logs: Vec<PrintedStream> =
        parts.iter().map(|part| session.engine().log(&part.id, options)).collect();
    let mut next: Vec<Option<Piece>> = Vec::new();
    for log in &mut logs {
        next.push(piece(log).await?);
    }
    loop {
        let times = next.iter().enumerate();
        let oldest = times.filter_map(|(at, piece)| Some((&piece.as_ref()?.time, at))).min();
        let Some((_, at)) = oldest else { break };
        let following = piece(&mut logs[at]).await?;
        if let Some(piece) = std::mem::replace(&mut next[at], following) {
            shown.hear(at, &parts[at].id, Heard::Piece(piece))?;
        }
    }
    for (at, part) in parts.iter().enumerate() {
        shown.hear(at, &part.id, Heard::End)?;
    }
    Ok(())
}

async fn piece(log: &mut PrintedStream) -> anyhow::Result<Option<Piece>> {
    Ok(log.next().await.transpose()?.map(Piece::of))
}

/// A number of lines, or all.
fn tail(text: &str) -> Result<Tail, String> {
    match text {
        "all" => Ok(Tail(None)),
        _ => text.parse().map(|lines| Tail(Some(lines))).map_err(|_| "it is a number of lines, or `all`".into()),
    }
}

/// Seconds since 1970 of a time, or of one so long ago.
fn time(text: &str) -> Result<i32, String> {
    let wrong = || "write it like 90s, 10m, 2h or 2026-01-31T12:00:00Z".to_owned();
    let time = match humantime::parse_duration(text) {
        Ok(ago) => SystemTime::now().checked_sub(ago).ok_or_else(wrong)?,
        Err(_) => humantime::parse_rfc3339_weak(text).map_err(|_| wrong())?,
    };
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    i32::try_from(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_or_so_long_ago() {
        assert_eq!(time("1970-01-01T00:01:00Z"), Ok(60));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let ago = u64::try_from(time("10m").unwrap()).unwrap();
        assert!((598..=602).contains(&(now - ago)), "{ago}");
        for bad in ["", "yesterday", "-1m", "12:00"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tail_is_a_number_or_all() {
        assert_eq!(["0", "7", "all"].map(tail), [Ok(Tail(Some(0))), Ok(Tail(Some(7))), Ok(Tail(None))]);
        assert!(tail("some").is_err() && tail("-1").is_err());
    }
}
