//! `cargo xtask cache ls` and `cargo xtask cache prune`.

use clap::Subcommand;
use xtask_engine::{CacheRecord, Prune, bytes};

use crate::context::Context;

/// What the engine's build cache holds, and making room in it
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List what the cache holds, the largest last
    Ls,
    /// Take out all that no image and no running step needs; it affects every user of this engine
    Prune {
        /// Cache volumes, too (npm's downloads)
        #[arg(long)]
        volumes: bool,
    },
}

/// Runs it.
pub async fn run(Args { action }: Args, context: &Context) -> anyhow::Result<()> {
    let session = context.session().await?;
    match action {
        Action::Ls => {
            let mut records = session.cache_usage().await?;
            records.sort_by_key(|record| record.size);
            for record in &records {
                context.events.output(row(record));
            }
            context.events.output(total("in all", &records));
        }
        Action::Prune { volumes } => {
            let filters = if volumes { Vec::new() } else { vec!["type!=exec.cachemount".to_owned()] };
            let pruned = session.cache_prune(&Prune { filters, all: true, ..Default::default() }).await?;
            context.events.output(total("taken out", &pruned));
        }
    }
    Ok(())
}

fn row(record: &CacheRecord) -> String {
    let CacheRecord { kind, size, uses, description, .. } = record;
    format!("{:>10}  {kind:<15} {uses:>4} uses  {description}", bytes(*size))
}

fn total(what: &str, records: &[CacheRecord]) -> String {
    let size = records.iter().map(|record| record.size).sum();
    format!("{:>10}  {what}, {} records", bytes(size), records.len())
}
