//! What the benchmark leaves in the engine's build cache, so that it can be taken out again and
//! nothing else with it. A record is ours if the marker is in its command, or if it was made while
//! one of our commands ran and is of a kind that these make. Where somebody else did the same work
//! at the same time, records cannot be told apart: then none of them is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use xtask_engine::{CacheRecord, Prune, Session, bytes};

use super::Bench;

/// What one run of our steps makes at most, by the words that BuildKit has for it.
const MADE_BY_ONE_RUN: [(&str, usize); 5] = [
    ("mount / from exec npm ci --no-audit --no-fund", 1),
    ("fileop target", 4),
    ("local source for dockerfile", 1),
    ("local source for context", 1),
    ("local source for ", 2),
];

/// What one run of the stack makes at most after an edit of the backend.
const MADE_BY_ONE_STACK: [(&str, usize); 3] =
    [("mount / from exec npm run build", 1), ("fileop target", 2), ("local source for ", 8)];

/// When our commands ran.
#[derive(Debug, Default)]
pub struct Traces {
    windows: Vec<Window>,
    before: BTreeSet<String>,
}

/// When one of them ran, and what it made at most.
#[derive(Debug)]
struct Window {
    started: SystemTime,
    ended: SystemTime,
    made: &'static [(&'static str, usize)],
}

impl Traces {
    /// Before anything runs: what is there now is not ours.
    pub async fn begin(session: &Session) -> anyhow::Result<Self> {
        let records = session.cache_usage().await?;
        Ok(Self { windows: Vec::new(), before: records.into_iter().map(|record| record.id).collect() })
    }

    /// Runs a command of ours.
    pub fn watch<T>(&mut self, run: impl FnOnce() -> T) -> T {
        self.watch_for(&MADE_BY_ONE_RUN, run)
    }

    /// Runs a command of ours that starts the stack after an edit.
    pub fn watch_stack<T>(&mut self, run: impl FnOnce() -> T) -> T {
        self.watch_for(&MADE_BY_ONE_STACK, run)
    }

    fn watch_for<T>(&mut self, made: &'static [(&'static str, usize)], run: impl FnOnce() -> T) -> T {
        let started = SystemTime::now();
        let result = run();
        self.windows.push(Window { started, ended: SystemTime::now(), made });
        result
    }

    /// The ids of what is ours.
    fn ours(&self, records: &[CacheRecord], marker: &str) -> Vec<String> {
        let new = || records.iter().filter(|record| !self.before.contains(&record.id) && !record.in_use);
        let mut ours: BTreeSet<&str> =
            new().filter(|record| record.description.contains(marker)).map(|record| &*record.id).collect();
        for Window { started, ended, made: kinds } in &self.windows {
            let mut made: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for record in new()
                .filter(|record| record.created.is_some_and(|created| (*started..=*ended).contains(&created)))
            {
                let kind = kinds.iter().find(|(words, _)| record.description.starts_with(words));
                if let Some((words, _)) = kind {
                    made.entry(words).or_default().push(&record.id);
                }
            }
            let fits = kinds.iter().all(|(words, most)| made.get(words).is_none_or(|ids| ids.len() <= *most));
            if fits {
                ours.extend(made.into_values().flatten());
            }
        }
        ours.into_iter().map(str::to_owned).collect()
    }

    /// Takes out what is ours.
    pub async fn remove(&self, bench: &Bench<'_>, session: &Session) -> anyhow::Result<()> {
        let ours = self.ours(&session.cache_usage().await?, &bench.marker);
        if ours.is_empty() {
            return Ok(());
        }
        let filters = ours.iter().map(|id| format!("id=={id}")).collect();
        let pruned = session.cache_prune(&Prune { filters, all: true, ..Default::default() }).await?;
        let size = pruned.iter().map(|record| record.size).sum();
        bench.say(format!(
            "took {} of {} records of this benchmark ({}) out of the engine's cache",
            pruned.len(),
            ours.len(),
            bytes(size)
        ));
        Ok(())
    }
}
