//! `cargo xtask logs`.

use std::io::IsTerminal;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::select_all;
use xtask_engine::docker::{LogOptions, PART_LABEL, Printed, PrintedStream, StackContainer};
use xtask_engine::Session;

use crate::context::Context;
use crate::exit::{Exit, INTERRUPTED};
use crate::lasting::lines::{Lines, Timed};
use crate::lasting::{Named, Parts};
use crate::terminal;

/// What parts of the stack printed; of several in the order of time, behind their names
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask logs                          all parts
  cargo xtask logs -f crux crux-ui          two of them, and what comes
  cargo xtask logs --since 10m --tail 100 kratos
  cargo xtask logs crux-migrate             a job that is done")]
pub struct Args {
    #[command(flatten)]
    stack: Named,
    /// What comes from now on, too
    #[arg(long, short)]
    follow: bool,
    /// Nothing older than this: 10m, or a time like 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<i32>,
    /// So many of the last lines of each part
    #[arg(long, short = 'n', value_name = "LINES")]
    tail: Option<u64>,
    /// The parts [default: all that run for long]
    #[arg(value_name = "PART")]
    parts: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// `Usage` if there is no such part, `NotReady` if there is no stack.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = args.stack.prefix(context)?;
    let session = context.session_that_only_looks().await?;
    let parts = Parts::of(&session, &prefix).await?;
    let mut chosen: Vec<&StackContainer> = Vec::new();
    for name in &args.parts {
        chosen.push(parts.named(name)?);
    }
    chosen.dedup_by(|one, other| one.id == other.id);
    if args.parts.is_empty() {
        chosen = parts.services();
    }
    let options =
        LogOptions { follow: args.follow, since: args.since, tail: args.tail, ..LogOptions::default() };
    let printing = async {
        match &chosen[..] {
            [one] => as_it_is(session.engine().log(&one.id, &options)).await,
            all if args.follow => as_they_come(&session, all, &options).await,
            all => in_order(&session, all, &options).await,
        }
    };
    tokio::select! {
        printed = printing => printed,
        // It is how one ends it: no word about that.
        () = context.cancel.cancelled() => Err(Exit(INTERRUPTED).into()),
    }
}

/// One part: its own streams.
async fn as_it_is(mut log: PrintedStream) -> anyhow::Result<()> {
    while let Some(printed) = log.next().await {
        match printed? {
            Printed::Out(bytes) => terminal::write_out(&bytes)?,
            Printed::Err(bytes) => terminal::write_err(&bytes)?,
        }
    }
    Ok(())
}

fn lines(parts: &[&StackContainer]) -> Vec<Lines> {
    let names: Vec<&str> = parts.iter().map(|part| part.label(PART_LABEL)).collect();
    let width = names.iter().map(|name| name.len()).max().unwrap_or_default();
    let colored = match anstream::AutoStream::choice(&std::io::stdout()) {
        anstream::ColorChoice::Auto => std::io::stdout().is_terminal(),
        choice => choice != anstream::ColorChoice::Never,
    };
    names.iter().enumerate().map(|(at, name)| Lines::of(name, at, width, colored)).collect()
}

async fn as_they_come(
    session: &Session,
    parts: &[&StackContainer],
    options: &LogOptions,
) -> anyhow::Result<()> {
    let mut lines = lines(parts);
    let logs = parts.iter().enumerate().map(|(at, part)| {
        let log = session.engine().log(&part.id, options).map(move |printed| (at, Some(printed)));
        log.chain(futures_util::stream::once(std::future::ready((at, None))))
    });
    let mut all = select_all(logs.map(StreamExt::boxed));
    while let Some((at, printed)) = all.next().await {
        let block = match printed {
            Some(printed) => lines[at].take(&printed?.into_bytes()),
            None => lines[at].end(),
        };
        terminal::write_out(&block)?;
    }
    Ok(())
}

/// Each time the part's next line that is the oldest.
async fn in_order(session: &Session, parts: &[&StackContainer], options: &LogOptions) -> anyhow::Result<()> {
    let mut lines = lines(parts);
    let options = LogOptions { timestamps: true, ..options.clone() };
    let mut logs: Vec<PrintedStream> =
        parts.iter().map(|part| session.engine().log(&part.id, &options)).collect();
    let mut timed: Vec<Timed> = parts.iter().map(|_| Timed::default()).collect();
    let mut ended = vec![false; parts.len()];
    loop {
        for at in 0..parts.len() {
            while timed[at].lines.is_empty() && !ended[at] {
                match logs[at].next().await {
                    Some(printed) => timed[at].take(&printed?.into_bytes()),
                    None => {
                        ended[at] = true;
                        timed[at].end();
                    }
                }
            }
        }
        let next = (0..parts.len()).filter_map(|at| Some((timed[at].lines.front()?.0.clone(), at))).min();
        let Some((_, at)) = next else { return Ok(()) };
        if let Some((_, line)) = timed[at].lines.pop_front() {
            terminal::write_out(&lines[at].take(&line))?;
        }
    }
}

/// Seconds since 1970 of a time, or of one so long ago.
fn since(text: &str) -> Result<i32, String> {
    let wrong = || "write it like 90s, 10m, 2h or 2026-01-31T12:00:00Z".to_owned();
    let time = match humantime::parse_duration(text) {
        Ok(ago) => SystemTime::now().checked_sub(ago).ok_or_else(wrong)?,
        Err(_) => humantime::parse_rfc3339_weak(text).map_err(|_| wrong())?,
    };
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    i32::try_from(since).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_or_so_long_ago() {
        assert_eq!(since("1970-01-01T00:01:00Z"), Ok(60));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let ago = u64::try_from(since("10m").unwrap()).unwrap();
        assert!((598..=602).contains(&(now - ago)), "{ago}");
        for bad in ["", "yesterday", "-1m", "12:00"] {
            assert!(since(bad).is_err(), "{bad}");
        }
    }
}
