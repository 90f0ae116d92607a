//! From a pipeline to a result: read the directories, lower, solve, and look again whether the
//! directories held still.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Session, secret};
use crate::Error;
use crate::buildkit::{
    Attachment, Counts, Exporter, Limits, Offer, Progress, SecretStore, Solve, SolveError, Transfers, solve,
};
use crate::event::{Event, Outcome};
use crate::llb::{Lowering, Needs, ResolvedDirectory, ResolvedImage, Surroundings, Target};
use crate::pipeline::{HostDirectory, Secret};
use crate::source::{SourceError, View};

/// How often a solve is begun again for one reason: a tree that changed while it was read, an engine
/// that got in its own way.
const ATTEMPTS: u32 = 4;
/// How long BuildKit is given to forget a solve that was cancelled, times the attempts so far.
const REST: Duration = Duration::from_millis(50);

/// What a pipeline has told so far.
#[derive(Default)]
pub(super) struct Told {
    steps: HashSet<String>,
    pub(super) counts: Counts,
    /// The step that failed, to be told if nothing better comes of the pipeline.
    pub(super) failed: Option<Event>,
}

/// A result.
#[derive(Debug)]
pub(super) struct Solved {
    pub(super) exporter_response: HashMap<String, String>,
    /// How the pipeline's test step ended, if it has one.
    pub(super) test: Option<Outcome>,
    /// The id of that step.
    pub(super) step: Option<String>,
    /// The end of the test step, not yet told.
    pub(super) held: Option<Event>,
}

impl Session {
    /// Solves `target`. With `export`, the result is written there.
    pub(super) async fn solve(
        &self,
        name: &str,
        target: Target<'_>,
        exporter: Exporter,
        export: Option<&Path>,
        rerun_tests: bool,
        told: &mut Told,
    ) -> Result<Solved, Error> {
        let needs = match target {
            Target::Fs(fs) | Target::Results(fs) => Needs::of(fs),
            Target::Directory(source, _) => Needs::of_source(source),
        };
        let reading = async { tokio::try_join!(self.resolve_images(&needs), read_views(&needs)) };
        let (images, mut views) = self.in_time(name, reading).await?;
        let secrets = self.in_time(name, self.read_secrets(&needs)).await?;
        let (mut torn, mut spoilt) = (0, 0);
        loop {
            let attempt = Attempt { name, target, exporter: exporter.clone(), export, rerun_tests };
            match self.attempt(attempt, &images, &views, &secrets, told).await {
                Ok(solved) => return Ok(solved),
                Err(Failure::Other(error)) => return Err(error),
                Err(Failure::Spoilt(error)) if spoilt == ATTEMPTS => return Err(error),
                Err(Failure::Spoilt(_)) => {
                    spoilt += 1;
                    tokio::time::sleep(REST * spoilt).await;
                }
                Err(Failure::Torn) => {
                    torn += 1;
                    views = self.look_again(name, &needs, views, torn > ATTEMPTS).await?;
                }
            }
        }
    }

    /// The directories as they are after something in them moved; an error if that was once too
    /// often.
    async fn look_again(
        &self,
        name: &str,
        needs: &Needs,
        before: Views,
        enough: bool,
    ) -> Result<Views, Error> {
        let now = self.in_time(name, read_views(needs)).await?;
        let moved = before.iter().find_map(|(directory, view)| view.difference(now.get(directory)?));
        // It may be as it was again by now; then it was something in one of the directories.
        let root = || needs.directories.iter().next().map(|directory| directory.root.clone());
        let moved = moved.or_else(root).unwrap_or_default();
        if enough {
            return Err(SourceError::KeepsChanging(moved).into());
        }
        self.events.notice(format!("{name}: {} changed while it was read; beginning again", moved.display()));
        Ok(now)
    }

    async fn attempt(
        &self,
        attempt: Attempt<'_>,
        images: &BTreeMap<String, ResolvedImage>,
        views: &Views,
        secrets: &SecretValues,
        told: &mut Told,
    ) -> Result<Solved, Failure> {
        let Attempt { name, target, exporter, export, rerun_tests } = attempt;
        if let (Target::Results(_), Some(dir)) = (target, export) {
            super::test::clear(dir)?;
        }
        let surroundings = Surroundings {
            platform: self.platform.clone(),
            images: images.clone(),
            directories: views.iter().map(|(directory, view)| (directory.clone(), resolved(view))).collect(),
            ca: self.ca.is_some(),
            proxy: self.proxy.clone(),
            no_cache: self.options.no_cache,
            rerun_tests,
        };
        let Some(lowered) = Lowering::lower(&surroundings, target) else {
            return Err(
                Error::Usage(format!("{name}: the pipeline is empty, there is nothing to run")).into()
            );
        };
        let offer = Offer {
            host: self.host.clone(),
            views: views.values().cloned().collect(),
            secrets: self.secret_store(lowered.secrets, secrets),
            export: export.map(Path::to_path_buf),
        };
        let attachment = Attachment::open(&self.engine, offer).await.map_err(Error::from)?;
        let transfers = attachment.transfers().clone();
        let hold = matches!(target, Target::Results(_));
        let steps = std::mem::take(&mut told.steps);
        let mut progress = Progress::new(name, &self.events, transfers.clone(), lowered.steps, steps, hold);
        let request = Solve { definition: lowered.definition, session: attachment.id().to_owned(), exporter };
        let torn = transfers.torn().clone();
        let limits = Limits {
            cancel: self.cancel.clone(),
            torn,
            closed: attachment.closed().clone(),
            deadline: self.deadline,
        };
        let write_error = |why| Error::Write { path: export.map(Path::to_path_buf).unwrap_or_default(), why };
        let result = solve(&self.control, request, &limits, &mut progress).await;
        let result = match result {
            Ok(exporter_response) => match attachment.exported().await {
                Ok(()) => {
                    let (test, step) = progress.test_outcome().unzip();
                    Ok(Solved { exporter_response, test, step, held: progress.held() })
                }
                Err(why) => Err(write_error(why).into()),
            },
            Err(SolveError::Torn) => Err(Failure::Torn),
            Err(SolveError::Failed { message }) if spoilt(&message) => {
                let error = SolveError::Failed { message };
                Err(Failure::Spoilt(self.solve_error(name, error, &progress, &mut told.failed)))
            }
            Err(error @ SolveError::Failed { .. }) => {
                Err(match (attachment.export_problem(), transfers.error()) {
                    (Some(why), _) => write_error(why).into(),
                    (None, Some(why)) => Error::Unreadable(why).into(),
                    (None, None) => self.solve_error(name, error, &progress, &mut told.failed).into(),
                })
            }
            Err(error) => Err(self.solve_error(name, error, &progress, &mut told.failed).into()),
        };
        // A directory that moved may show in any way: as a failure, or as a result of no tree at all.
        let moved = self.moved(&result, &transfers).await;
        let result = if moved { Err(Failure::Torn) } else { result };
        for (view, transfer) in views.values().filter_map(|view| Some((view, transfers.of(&view.key)?))) {
            self.events.emit(Event::Uploaded {
                pipeline: name.into(),
                directory: view.label.clone(),
                entries: view.entries.len() as u64,
                files: transfer.files,
                bytes: transfer.bytes,
            });
        }
        told.counts.cached += progress.counts().cached;
        told.counts.ran += progress.counts().ran;
        told.steps = progress.into_told();
        result
    }

    /// Whether a directory was not what it was listed as when the engine used it: each is looked at
    /// again after it was sent, or, where nothing was asked for, when something used it.
    async fn moved(&self, result: &Result<Solved, Failure>, transfers: &Transfers) -> bool {
        if matches!(result, Err(Failure::Other(Error::Canceled | Error::TimedOut { .. } | Error::Engine(_))))
        {
            return false;
        }
        transfers.settled().await;
        transfers.torn().is_cancelled()
    }

    /// The values of the secrets that a pipeline names; each is read once in a session.
    async fn read_secrets(&self, needs: &Needs) -> Result<SecretValues, Error> {
        let mut known = self.secrets.lock().await;
        for secret in &needs.secrets {
            if !known.contains_key(secret) {
                known.insert(secret.clone(), secret::read(secret, &self.events).await?);
            }
        }
        Ok(known.clone())
    }

    /// The value of one secret, read once in a session.
    pub(super) async fn secret_value(&self, secret: &Secret) -> Result<Vec<u8>, Error> {
        let mut known = self.secrets.lock().await;
        if !known.contains_key(secret) {
            known.insert(secret.clone(), secret::read(secret, &self.events).await?);
        }
        Ok(known.get(secret).cloned().unwrap_or_default())
    }

    fn secret_store(&self, ids: BTreeMap<String, Secret>, values: &SecretValues) -> Arc<SecretStore> {
        let value = |(id, secret): (String, Secret)| Some((id, values.get(&secret)?.clone()));
        let values = ids.into_iter().filter_map(value).collect();
        Arc::new(SecretStore { values, ca: self.ca.clone(), deadline: self.deadline })
    }
}

/// Values of secrets, as they were read.
pub(super) type SecretValues = BTreeMap<Secret, Vec<u8>>;

/// Why an attempt gave no result.
enum Failure {
    /// The tree moved: again.
    Torn,
    /// The engine got in its own way, see [`spoilt`]: again, as it is.
    Spoilt(Error),
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// Whether the engine failed by what was just then in its way, and not by what it was to do.
///
/// - BuildKit 0.8 does not run a file operation anew whose first run was cancelled while another solve
///   still knows it: `solver/llbsolver/ops/file.go` keeps its outputs from the first time.
/// - Its gRPC lets a stream that opens while its window grows keep the old limit, though it tells us the
///   new one (grpc-go, `updateFlowControl` in `internal/transport/http2_client.go`, and `flowcontrol.go`).
fn spoilt(message: &str) -> bool {
    message.contains("duplicate output") || message.contains("-bytes data exceeding the limit ")
}

struct Attempt<'a> {
    name: &'a str,
    target: Target<'a>,
    exporter: Exporter,
    export: Option<&'a Path>,
    rerun_tests: bool,
}

type Views = BTreeMap<HostDirectory, Arc<View>>;

/// Reads all directories that a pipeline names, at the same time.
async fn read_views(needs: &Needs) -> Result<Views, Error> {
    let read = |directory: &HostDirectory| {
        let directory = directory.clone();
        tokio::task::spawn_blocking(move || View::read(&directory).map(|view| (directory, Arc::new(view))))
    };
    let reading: Vec<_> = needs.directories.iter().map(read).collect();
    let mut views = Views::new();
    for task in reading {
        let (directory, view) =
            task.await.map_err(|error| Error::Machine(format!("reading stopped: {error}")))??;
        views.insert(directory, view);
    }
    Ok(views)
}

fn resolved(view: &View) -> ResolvedDirectory {
    ResolvedDirectory { key: view.key.clone(), stamp: view.stamp.clone(), label: view.label.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_only_in_the_engines_way_is_told_from_what_is_wrong() {
        let window =
            "rpc error: code = Internal desc = received 66200-bytes data exceeding the limit 65535 bytes";
        for again in [window, "duplicate output 0"] {
            assert!(spoilt(again), "{again}");
        }
        for wrong in ["rpc error: code = Internal desc = file too large: limit 65535", "exit code: 1"] {
            assert!(!spoilt(wrong), "{wrong}");
        }
    }
}
