//! `cargo xtask cache ls` and `cargo xtask cache prune`.

use std::time::{Duration, SystemTime};

use clap::Subcommand;
use xtask_engine::{CacheRecord, Prune, bytes, in_one_line};

use crate::consent;
use crate::context::Context;

/// Characters of an id that are shown: enough to tell records apart.
const ID_LENGTH: usize = 12;

/// What the engine's build cache holds, and making room in it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask cache ls               what it holds, the largest last
  cargo xtask cache prune            make room; what is needed stays")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List what the cache holds, the largest last: size, kind, uses, the last use, id, what made it
    Ls,
    /// Take out all that no image and no running step needs; it affects every user of this engine
    Prune {
        /// Cache volumes, too (npm's downloads)
        #[arg(long)]
        volumes: bool,
        /// Do it without asking
        #[arg(long, short)]
        yes: bool,
    },
}

/// Runs it.
pub async fn run(Args { action }: Args, context: &Context) -> anyhow::Result<()> {
    match action {
        Action::Ls => {
            let session = context.session().await?;
            let now = SystemTime::now();
            let mut records = session.cache_usage().await?;
            records.sort_by_key(|record| record.size);
            for record in &records {
                context.events.output(row(record, now));
            }
            context.events.output(total("in all", &records));
        }
        Action::Prune { volumes, yes } => {
            if !yes {
                let question = "Empty this engine's build cache? All its users build their steps anew.";
                let instead = "`cargo xtask cache prune --yes` empties it, for every user of the engine";
                consent::ask(&context.events, question, instead, &context.cancel).await?;
            }
            let session = context.session().await?;
            let filters = if volumes { Vec::new() } else { vec!["type!=exec.cachemount".to_owned()] };
            let pruned = session.cache_prune(&Prune { filters, all: true, ..Default::default() }).await?;
            context.events.output(total("taken out", &pruned));
        }
    }
    Ok(())
}

fn row(record: &CacheRecord, now: SystemTime) -> String {
    let CacheRecord { id, kind, size, uses, description, .. } = record;
    let id: String = id.chars().take(ID_LENGTH).collect();
    let used = record.last_used.or(record.created).map(|at| ago(now.duration_since(at).unwrap_or_default()));
    let (size, used, what) = (bytes(*size), used.unwrap_or_default(), in_one_line(description));
    format!("{size:>10}  {kind:<15} {uses:>4} uses  {used:>10}  {id:<ID_LENGTH$}  {what}")
        .trim_end()
        .to_owned()
}

/// A time that went by, in its largest unit: `3 h ago`.
fn ago(time: Duration) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..86_400 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    format!("{count} {unit} ago")
}

fn total(what: &str, records: &[CacheRecord]) -> String {
    let size = records.iter().map(|record| record.size).sum();
    format!("{:>10}  {what}, {} records", bytes(size), records.len())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn record(description: &str) -> CacheRecord {
        CacheRecord {
            id: "jrukrerc0j13wjg8xyk4ckpqd".into(),
            kind: "regular".into(),
            size: 4_200_000,
            uses: 12,
            created: Some(UNIX_EPOCH + Duration::from_secs(1000)),
            last_used: Some(UNIX_EPOCH + Duration::from_secs(2000)),
            in_use: false,
            shared: false,
            description: description.into(),
        }
    }

    fn row_after(seconds: u64, record: &CacheRecord) -> String {
        row(record, UNIX_EPOCH + Duration::from_secs(2000 + seconds))
    }

    #[test]
    fn a_record_is_one_line_whatever_made_it() {
        let script = "mount / from exec /bin/sh -c limit=1\n{\n  \"$@\"\n} xtask npm test";
        assert_eq!(
            row_after(3 * 3600 + 1, &record(script)),
            "    4.2 MB  regular           12 uses     3 h ago  jrukrerc0j13  mount / from exec /bin/sh -c limit=1 …"
        );
        let colors = row_after(0, &record("\n\u{1b}[31mred\ta\rb"));
        assert!(colors.ends_with("  [31mred ab"), "{colors:?}");
        let long = row_after(0, &record(&"ö".repeat(500)));
        assert!(long.ends_with(&format!("  {}…", "ö".repeat(100))), "{long}");
    }

    #[test]
    fn the_age_is_that_of_the_last_use_else_of_the_record() {
        let ages = [0, 59, 60, 3599, 3600, 86_399, 86_400, 864_000].map(|age| ago(Duration::from_secs(age)));
        let expected = ["0 s", "59 s", "1 min", "59 min", "1 h", "23 h", "1 d", "10 d"];
        assert_eq!(ages, expected.map(|age| format!("{age} ago")));
        let unused = CacheRecord { last_used: None, ..record("") };
        assert!(row_after(0, &unused).contains(" 16 min ago  "), "{}", row_after(0, &unused));
        let fresh = row(&record(""), UNIX_EPOCH); // the engine's clock is ahead of ours
        assert!(fresh.contains(" 0 s ago  "), "{fresh}");
    }
}
