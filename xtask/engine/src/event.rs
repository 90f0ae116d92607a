//! All that a run says, as one enum. The engine emits events and never prints; reporters listen.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::redact::Redactor;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Outcome {
    /// The engine said in this run's status that the result came from its cache.
    Cached,
    /// It ran in this run.
    Ran,
    /// It was done by another run of the same work at the same time; the engine reports no more than that.
    Shared,
    /// Nothing had to be done: an image that the engine has, a directory that did not change.
    Unchanged,
    /// It failed, with the engine's own words.
    Failed {
        /// What the engine said.
        error: String,
    },
    /// It was stopped before it ended.
    Canceled,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A base image.
    Image,
    /// A directory of the host, sent to the engine.
    Upload,
    /// Files made or copied inside the engine.
    File,
    /// A command in a container.
    Exec,
    /// A command whose failure is a result: a test.
    Test,
}

/// How far a service or a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ServiceState {
    /// Its container is there; it waits for others.
    Waiting {
        /// Names of those that are not ready yet.
        needs: Vec<String>,
    },
    /// It runs and is not ready yet.
    Starting,
    /// It is ready.
    Ready,
    /// It is a job and ended well.
    Completed,
    /// It failed.
    Failed,
}

/// A service that was left running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftService {
    /// Its name.
    pub service: String,
    /// The name of its container.
    pub container: String,
    /// Where it listens, if it can be reached from here: `172.18.0.2:8000`.
    pub addresses: Vec<String>,
}

/// The tests of one step, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TestCounts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were skipped or are still to be written.
    pub skipped: u64,
}

/// One failed test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestFailure {
    /// The test's full name.
    pub name: String,
    /// The file it is in, as the tool named it.
    pub file: String,
    /// Why it failed: the tool's own message, without colours.
    pub message: String,
}

/// One thing that a run says. `pipeline` is the name under which it runs, `step` the step's
/// text; `id` is the digest of the step's operation, the same in every run of the same work.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A task began.
    RunStarted {
        /// Its command line, as typed after `cargo xtask`.
        command: String,
    },
    /// Something a person should know; not an error.
    Notice {
        /// One sentence.
        text: String,
    },
    /// A detail for `-v`.
    Detail {
        /// One sentence.
        text: String,
    },
    /// A line that a command prints as its result (`doctor`, `cache ls`).
    Output {
        /// The line, without its end.
        line: String,
    },
    /// An image is used in place of another that cannot be had.
    StandIn {
        /// The image the application names.
        image: String,
        /// The image used instead.
        tag: String,
        /// How they differ.
        differs: String,
    },
    /// An image is being pulled.
    Pull {
        /// The image.
        image: String,
        /// Bytes that have come.
        current: u64,
        /// Bytes in all, as far as known.
        total: u64,
        /// It is complete.
        done: bool,
    },
    /// A pipeline began.
    PipelineStarted {
        /// Its name.
        pipeline: String,
    },
    /// A step began to run.
    StepStarted {
        /// The pipeline.
        pipeline: String,
        /// The operation's digest.
        id: String,
        /// What it does, as a user would say it.
        step: String,
        /// What it is.
        kind: StepKind,
    },
    /// Output of a step.
    StepLog {
        /// The pipeline.
        pipeline: String,
        /// The operation's digest.
        id: String,
        /// The step's text.
        step: String,
        /// Seconds since the step began.
        seconds: f64,
        /// Part of the output: whole lines, except at the end.
        text: String,
    },
    /// A step ended.
    StepFinished {
        /// The pipeline.
        pipeline: String,
        /// The operation's digest.
        id: String,
        /// The step's text.
        step: String,
        /// What it is.
        kind: StepKind,
        /// How it ended.
        outcome: Outcome,
        /// Seconds it took in the engine; 0 when it did not run.
        seconds: f64,
        /// Further facts (`3 files, 14 kB sent`), for people.
        #[serde(skip_serializing_if = "String::is_empty")]
        facts: String,
    },
    /// A directory was compared with the engine's copy and what differed was sent.
    Uploaded {
        /// The pipeline.
        pipeline: String,
        /// The directory, as the pipeline names it.
        directory: String,
        /// Files and directories in the view.
        entries: u64,
        /// Files sent.
        files: u64,
        /// Bytes sent.
        bytes: u64,
    },
    /// A step that is no test failed; its last lines.
    StepFailed {
        /// The pipeline.
        pipeline: String,
        /// The step's text.
        step: String,
        /// The command's exit code, if it was the command that failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        /// The last lines of its output.
        tail: Vec<String>,
    },
    /// A test step's result.
    TestFinished {
        /// The pipeline.
        pipeline: String,
        /// The step's text.
        step: String,
        /// The command's exit code.
        exit_code: i32,
        /// The result came from the cache.
        cached: bool,
        /// It was stopped by the time limit.
        timed_out: bool,
        /// Why it was stopped, if something that it needs broke.
        #[serde(skip_serializing_if = "Option::is_none")]
        broken: Option<String>,
        /// Its tests, if the command reported them.
        #[serde(skip_serializing_if = "Option::is_none")]
        counts: Option<TestCounts>,
        /// Those that failed.
        failures: Vec<TestFailure>,
        /// The last lines of the output; empty when it passed.
        tail: Vec<String>,
        /// Where the complete output is.
        log: String,
    },
    /// What a pipeline made is in the engine, as the image of a service or a test.
    ImageExported {
        /// The pipeline.
        pipeline: String,
        /// The image's name, with the digest of what made it as its tag.
        image: String,
    },
    /// A service or a job came so far.
    Service {
        /// Its name.
        service: String,
        /// How far.
        state: ServiceState,
        /// Seconds since its container was started; 0 before.
        seconds: f64,
    },
    /// Output of a service or a job: whole lines.
    ServiceLog {
        /// Its name.
        service: String,
        /// The lines.
        text: String,
    },
    /// A service or a job failed, and with it all that needs it.
    ServiceFailed {
        /// Its name.
        service: String,
        /// What went wrong, as a sentence.
        why: String,
        /// Its last lines.
        tail: Vec<String>,
        /// Where all of them are; empty if it never ran.
        log: String,
    },
    /// From now on a person wants to see the output of these services.
    ServicesFollowed {
        /// Their names.
        services: Vec<String>,
    },
    /// All that ran for the session is gone.
    ServicesRemoved {
        /// Containers, networks and volumes that were removed.
        removed: usize,
        /// Seconds it took.
        seconds: f64,
    },
    /// What ran for the session stays, for a person to look at.
    ServicesLeft {
        /// The session, as `clean --session` takes it.
        session: String,
        /// The engine, where somebody named one.
        engine: Option<String>,
        /// Its services, in the order in which they came.
        services: Vec<LeftService>,
    },
    /// The session has a network of its own; all that it has running is on it, and bears its id.
    NetworkCreated {
        /// The session's id, the value of the label `xtask.session`.
        session: String,
        /// The network's name.
        network: String,
    },
    /// What a test among services left for people to look at.
    Artifacts {
        /// The test's name.
        pipeline: String,
        /// The folder they are in.
        folder: String,
        /// Paths in it, each with the number of files if it is a folder.
        entries: Vec<(String, Option<usize>)>,
    },
    /// Files were brought out.
    Exported {
        /// The pipeline.
        pipeline: String,
        /// Where to.
        path: String,
    },
    /// A pipeline ended.
    PipelineFinished {
        /// Its name.
        pipeline: String,
        /// It passed.
        passed: bool,
        /// Seconds it took.
        seconds: f64,
        /// Steps whose result came from the cache.
        cached: u64,
        /// Steps that ran.
        ran: u64,
        /// Why it failed, if it did.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// The task ended.
    RunFinished {
        /// The exit code of the process.
        exit_code: i32,
        /// Seconds it took.
        seconds: f64,
        /// Why it failed, if it did: one sentence with its causes.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
}

/// Who listens to a run. Called in the order of the events, never from two threads at once.
pub trait Reporter: Send {
    /// Takes one event; `at` is the time since the run began.
    fn event(&mut self, at: Duration, event: &Event);
}

/// Does `work`, which may wait for a person or a disk, without keeping a thread of the runtime from
/// everything else.
pub fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// Where events go. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    started: Instant,
    listeners: Arc<Mutex<Listeners>>,
}

#[derive(Default)]
struct Listeners {
    reporters: Vec<Box<dyn Reporter>>,
    redactor: Redactor,
}

impl Events {
    /// Events that go to `reporters`; time counts from now.
    pub fn new(reporters: Vec<Box<dyn Reporter>>) -> Self {
        let listeners = Listeners { reporters, redactor: Redactor::default() };
        Self { started: Instant::now(), listeners: Arc::new(Mutex::new(listeners)) }
    }

    /// From now on no event shows `secret`.
    pub fn redact(&self, secret: &str) {
        self.listeners().redactor.add(secret);
    }

    /// What takes secrets out of files; `None` while there is none to keep out.
    pub(crate) fn redactor(&self) -> Option<Redactor> {
        Some(self.listeners().redactor.clone()).filter(|redactor| !redactor.is_empty())
    }

    /// `text` without any secret.
    pub fn redacted(&self, text: String) -> String {
        self.listeners().redactor.clean(text)
    }

    /// No more events: the reporters go, and with them what they hold open.
    pub fn close(&self) {
        self.listeners().reporters.clear();
    }

    fn listeners(&self) -> std::sync::MutexGuard<'_, Listeners> {
        // A reporter that panicked must not silence the others' last words.
        let whole = PoisonError::into_inner;
        match self.listeners.try_lock() {
            Ok(listeners) => listeners,
            Err(TryLockError::Poisoned(poisoned)) => whole(poisoned),
            Err(TryLockError::WouldBlock) => blocking(|| self.listeners.lock().unwrap_or_else(whole)),
        }
    }

    /// Tells every reporter, with all secrets taken out.
    pub fn emit(&self, event: Event) {
        let mut listeners = self.listeners();
        let event = listeners.redactor.event(event);
        let at = self.started.elapsed();
        for reporter in &mut listeners.reporters {
            reporter.event(at, &event);
        }
    }

    /// Tells something that a person should know.
    pub fn notice(&self, text: impl Into<String>) {
        self.emit(Event::Notice { text: text.into() });
    }

    /// Tells a detail, shown with `-v`.
    pub fn detail(&self, text: impl Into<String>) {
        self.emit(Event::Detail { text: text.into() });
    }

    /// One line of a command's result.
    pub fn output(&self, line: impl Into<String>) {
        self.emit(Event::Output { line: line.into() });
    }

    /// Time since the run began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
