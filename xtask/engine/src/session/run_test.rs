//! A test that is bound to services: a container of its own among them, never taken from a cache.
//! What it writes comes out whatever happens to it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use super::Session;
use super::test::{OUTPUT_LOG, Ran, clear};
use crate::Error;
use crate::docker::{EngineError, Executed, Output};
use crate::event::{Event, Outcome, PlannedStep, StepKind};
use crate::llb::TIMED_OUT;
use crate::pipeline::{RESULTS_DIR, RESULTS_VARIABLE, Service, Test, TestParts};
use crate::service::{Body, Client, Log, LogOf, Plan};

/// Asks a test to end as a person at a terminal does: by an interrupt to all of its foreground,
/// which is the process group of the container's first process. Test runners write their reports
/// then; npm alone would not pass it on. (The fields are those of proc_pid_stat(5).)
const INTERRUPT: &str = r#"for stat in /proc/[0-9]*/stat; do
  read -r line <"$stat" || continue
  pid=${stat#/proc/}
  set -- ${line##*) }
  if [ "$3" = 1 ]; then kill -INT "${pid%/stat}"; fi
done"#;
/// How long a test may take to end then, in seconds.
const GRACE: i32 = 10;
/// Where archives are unpacked, in the folder of the results.
const UNPACK: &str = ".unpack";

/// How waiting for a test ended.
enum End {
    /// By itself, with this exit code.
    Code(i32),
    /// Its time was up.
    TimeIsUp,
    /// Something that it needs broke.
    Broken(Error),
}

impl Session {
    /// Runs a bound test; its results go to `files`.
    pub(super) async fn run_bound(&self, name: &str, test: &Test, files: &Path) -> Result<Ran, Error> {
        clear(files)?;
        let Some(parts) = test.parts() else {
            return Err(Error::Usage(format!("{name}: there is no test to run")));
        };
        let client = Client { name, config: parts.config };
        let needs: Vec<&Service> = test.needs.iter().collect();
        let plan = Plan::of(&needs, Some(&client))?;
        let (step, id) = (test.step(), format!("run:{name}"));
        let told = Told { session: self, name, step: &step, id: &id };
        told.planned(&plan);
        // The container is made while services come up.
        let both = async { tokio::try_join!(self.make_test(name, &parts, &plan), self.start_plan(&plan)) };
        let both = self.in_time(name, both).await;
        let (container, ()) = both.map_err(|error| self.with_what_was_awaited(error))?;
        let started = Instant::now();
        told.started();
        let output = self.engine.attach(&container).await?;
        self.engine.start_container(&container, name).await?;
        let log = told.follow(output, files, started);
        let end = self.wait_for_test(name, &container).await;
        let taken = match &end {
            Ok(_) => self.take_results(&container, test, files).await,
            Err(_) => Ok(()),
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), log.ended()).await;
        told.finished(&end, started.elapsed());
        let (exit_code, broken) = match end? {
            End::Code(code) => (code, None),
            End::TimeIsUp => (TIMED_OUT, Some(self.timed_out(name, Some(step.clone())))),
            End::Broken(error) => (TIMED_OUT, Some(error)),
        };
        taken?;
        Ok(Ran { id, exit_code, cached: false, before: None, broken })
    }

    /// The test's container, with a directory for its results, not started.
    async fn make_test(&self, name: &str, parts: &TestParts<'_>, plan: &Plan) -> Result<String, Error> {
        let (image, _) = tokio::try_join!(self.service_image(name, parts.base), self.stack.net())?;
        let mut variables = self.secret_variables(parts.config).await?;
        variables.insert(RESULTS_VARIABLE.to_owned(), RESULTS_DIR.to_owned());
        let aliases = BTreeSet::from([name.to_owned()]);
        let place = self.place(name, aliases, plan.client_group.as_deref(), plan).await?;
        let labels = self.stack.identity.labels(name);
        let body = Body {
            command: Some(parts.args.to_vec()),
            variables,
            ..Body::new(&image.id, &image.config, parts.config, place, labels)
        };
        let container = self.stack.create(self.stack.test_name(name), body.request()).await?;
        self.put_secrets(name, parts.config, &container).await?;
        self.engine.put_files(&container, results_dir()).await?;
        Ok(container)
    }

    /// Waits for the end of a test. One whose time is up, or whose services broke, does not run any more
    /// when this returns.
    async fn wait_for_test(&self, name: &str, container: &str) -> Result<End, Error> {
        let broken = self.stack.broken.wait();
        let ended = tokio::select! {
            biased;
            error = broken => {
                self.engine.kill_container(container).await.or_else(ignore_gone)?;
                return Ok(End::Broken(error));
            }
            ended = self.in_time(name, async { Ok(self.engine.ended(container).await?) }) => ended,
        };
        match ended {
            Ok(ended) => Ok(End::Code(i32::try_from(ended.code).unwrap_or(-1))),
            Err(Error::TimedOut { .. }) => {
                self.interrupt(container).await;
                self.engine.kill_container(container).await.or_else(ignore_gone)?;
                Ok(End::TimeIsUp)
            }
            Err(error) => Err(error),
        }
    }

    /// Lets a test end by itself, if it does so in a while.
    async fn interrupt(&self, container: &str) {
        let command = ["sh", "-c", INTERRUPT].map(str::to_owned);
        let ending = async {
            match self.engine.execute(container, &command).await {
                Ok(Executed { code: 0, .. }) => self.engine.ended(container).await.map(drop),
                _ => self.engine.stop_container(container, GRACE).await, // an image without a shell
            }
        };
        // It is killed in any case.
        let _ = tokio::time::timeout(Duration::from_secs(GRACE.unsigned_abs().into()), ending).await;
    }

    /// Brings the results and the artifacts of a test out.
    async fn take_results(&self, container: &str, test: &Test, files: &Path) -> Result<(), Error> {
        let results = self.take(container, RESULTS_DIR, files);
        if let Some(unpacked) = results.await? {
            move_contents(&unpacked, files).map_err(|error| Error::write(files, &error))?;
        }
        for path in &test.artifacts {
            let Some(unpacked) = self.take(container, path.as_str(), files).await? else { continue };
            let dest = files.join(unpacked.file_name().unwrap_or_default());
            let moved = match dest.exists() {
                true => move_contents(&unpacked, &dest),
                false => fs::rename(&unpacked, &dest),
            };
            moved.map_err(|error| Error::write(dest, &error))?;
        }
        let _ = fs::remove_dir_all(files.join(UNPACK));
        Ok(())
    }

    /// A path of a container, unpacked below `files`; none if it has none.
    async fn take(
        &self,
        container: &str,
        path: &str,
        files: &Path,
    ) -> Result<Option<std::path::PathBuf>, Error> {
        let Some(mut parts) = self.engine.take_files(container, path).await? else { return Ok(None) };
        let dir = files.join(UNPACK);
        clear(&dir)?;
        let archive = files.join(".archive.tar");
        let written = |error: std::io::Error| Error::write(&archive, &error);
        let mut file = tokio::fs::File::create(&archive).await.map_err(written)?;
        while let Some(part) = parts.next().await {
            file.write_all(&part?).await.map_err(written)?;
        }
        file.flush().await.map_err(written)?;
        let (from, to) = (archive.clone(), dir.clone());
        let unpacked = tokio::task::spawn_blocking(move || {
            let unpacked = tar::Archive::new(fs::File::open(&from)?).unpack(&to);
            fs::remove_file(&from).and(unpacked)
        });
        let unpacked =
            unpacked.await.map_err(|error| Error::Machine(format!("unpacking stopped: {error}")))?;
        unpacked.map_err(|error| Error::write(&dir, &error))?;
        Ok(Some(dir.join(Path::new(path).file_name().unwrap_or_default())))
    }
}

/// What is told of a bound test, in the words of a test step.
struct Told<'a> {
    session: &'a Session,
    name: &'a str,
    step: &'a str,
    id: &'a str,
}

impl Told<'_> {
    fn started(&self) {
        self.session.events.emit(Event::StepStarted {
            pipeline: self.name.into(),
            id: self.id.into(),
            step: self.step.into(),
            kind: StepKind::Test,
        });
    }

    /// What must be there before it.
    fn planned(&self, plan: &Plan) {
        let step = PlannedStep {
            id: self.id.into(),
            step: self.step.into(),
            kind: StepKind::Test,
            needs: Vec::new(),
            services: plan.nodes.iter().map(|node| node.name().to_owned()).collect(),
        };
        self.session.events.emit(Event::StepsPlanned { pipeline: self.name.into(), steps: vec![step] });
    }

    fn follow(&self, output: Output, files: &Path, started: Instant) -> Arc<Log> {
        let (events, pipeline, id) = (self.session.events.clone(), self.name.to_owned(), self.id.to_owned());
        let step = self.step.to_owned();
        let tell = move |text| {
            events.emit(Event::StepLog {
                pipeline: pipeline.clone(),
                id: id.clone(),
                step: step.clone(),
                seconds: started.elapsed().as_secs_f64(),
                text,
            });
        };
        let of = LogOf { path: files.join(OUTPUT_LOG), needle: None, tell: Box::new(tell) };
        Log::follow(output, &self.session.events, of)
    }

    fn finished(&self, end: &Result<End, Error>, took: Duration) {
        let outcome = match end {
            Ok(End::Code(0)) => Outcome::Ran,
            Ok(End::Code(code)) => Outcome::Failed { error: format!("exit code {code}") },
            Ok(End::TimeIsUp | End::Broken(_)) | Err(_) => Outcome::Canceled,
        };
        self.session.events.emit(Event::StepFinished {
            pipeline: self.name.into(),
            id: self.id.into(),
            step: self.step.into(),
            kind: StepKind::Test,
            outcome,
            seconds: took.as_secs_f64(),
            facts: String::new(),
        });
    }
}

/// The directory for results as an archive; any user may write there.
fn results_dir() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, mode) in [("xtask/", 0o755), (RESULTS_DIR.trim_start_matches('/'), 0o777)] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        header.set_mode(mode);
        // Into memory, with names that are short: it cannot fail.
        let _ = archive.append_data(&mut header, path, std::io::empty());
    }
    archive.into_inner().unwrap_or_default()
}

fn ignore_gone(error: EngineError) -> Result<(), EngineError> {
    match error {
        EngineError::Gone { .. } => Ok(()), // that is the reason already
        other => Err(other),
    }
}

/// Moves all that is in one folder into another, on the same disk.
fn move_contents(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let dest = to.join(entry.file_name());
        if dest.is_dir() {
            move_contents(&entry.path(), &dest)?;
        } else {
            fs::rename(entry.path(), dest)?;
        }
    }
    Ok(())
}
