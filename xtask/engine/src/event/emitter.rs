//! Where events go, and who listens.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::Event;
use crate::redact::Redactor;

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

    /// Bytes of the longest secret, in whatever form it is known.
    pub(crate) fn longest_secret(&self) -> usize {
        self.listeners().redactor.longest()
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
