//! What the run and the thread that draws it have in common.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::state::State;
use crate::event::{Event, blocking};

/// Bytes above the live view that may wait for a slow terminal before the run waits for it, too.
const WAITING: usize = 4 << 20;
/// How long others wait for the screen to be left.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often what cannot tell is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Nothing is drawn of what is over sooner.
const CALM: Duration = Duration::from_millis(100);

/// What is told above the live view.
#[derive(Debug)]
pub(super) enum Told {
    /// Lines as somebody said them.
    Lines(String),
    /// A sentence of ours behind a word that says what it is: it is wrapped between words.
    Prose(String),
}

/// What is known, and what is to be done.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) state: State,
    /// Lines for above the live view.
    pub(super) above: Vec<Told>,
    above_bytes: usize,
    /// Something changed since the last frame.
    pub(super) is_changed: bool,
    /// Who draws waits for something that an event may bring. Most events come while the next frame
    /// is due anyway, and wake nobody.
    pub(super) is_awaited: bool,
    /// From when on there is a live view.
    pub(super) live_from: Option<Instant>,
    /// What is told at the end, once it has come.
    pub(super) end: Option<String>,
    /// No more events come.
    pub(super) is_closed: bool,
    /// Nothing is to be drawn for a while.
    pub(super) is_paused: bool,
    /// Nothing is drawn any more, since that was asked for.
    pub(super) is_left: bool,
    /// Nobody draws any more.
    pub(super) is_gone: bool,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    known: Mutex<Known>,
    changed: Condvar,
}

impl Shared {
    /// What is known; also after a panic, for the rest is to be told all the same.
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change, at most until `due`.
    pub(super) fn wait<'a>(
        &'a self,
        known: MutexGuard<'a, Known>,
        due: Option<Instant>,
    ) -> MutexGuard<'a, Known> {
        match due {
            None => self.changed.wait(known).unwrap_or_else(PoisonError::into_inner),
            Some(due) => {
                let left = due.saturating_duration_since(Instant::now());
                self.changed.wait_timeout(known, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// Wakes all who wait.
    pub(super) fn wake(&self) {
        self.changed.notify_all();
    }

    /// Takes an event and what is told of it above the live view. Waits only where a terminal reads so
    /// slowly that too much is waiting for it.
    pub(super) fn event(&self, at: f64, event: &Event, told: Told, stopping: &CancellationToken) {
        let mut known = self.known();
        known.state.apply(at, event);
        if known.is_gone {
            return;
        }
        let bytes = match &told {
            Told::Lines(text) | Told::Prose(text) => text.len(),
        };
        if bytes > 0 {
            known.above_bytes += bytes;
            known.above.push(told);
        }
        if known.live_from.is_none() && known.state.began().is_some() {
            known.live_from = Some(Instant::now() + CALM);
        }
        known.is_changed = true;
        if std::mem::take(&mut known.is_awaited) {
            self.wake();
        }
        if known.above_bytes > WAITING {
            drop(known);
            blocking(|| self.wait_for_room(stopping));
        }
    }

    fn wait_for_room(&self, stopping: &CancellationToken) {
        let mut known = self.known();
        while known.above_bytes > WAITING && !known.is_gone && !stopping.is_cancelled() {
            known = self.wait(known, Some(Instant::now() + LOOK));
        }
    }

    /// Takes the last event, and what is told of the end.
    pub(super) fn end(&self, at: f64, event: &Event, told: String) {
        let mut known = self.known();
        known.state.apply(at, event);
        known.end = Some(told);
        self.wake();
    }

    /// Takes what is to be told above the live view.
    pub(super) fn take_above(&self, known: &mut Known) -> Vec<Told> {
        known.is_changed = false;
        known.above_bytes = 0;
        std::mem::take(&mut known.above)
    }

    pub(super) fn close(&self) {
        self.known().is_closed = true;
        self.wake();
    }

    /// See [`Screen::leave`](super::Screen::leave). Called by who panics, too, whatever it holds.
    pub(super) fn leave(&self) {
        let deadline = Instant::now() + PATIENCE;
        let mut is_asked = false;
        while Instant::now() < deadline {
            let known = match self.known.try_lock() {
                Ok(known) => Some(known),
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            let Some(mut known) = known else {
                std::thread::sleep(LOOK / 10);
                continue;
            };
            if is_asked && known.is_left || known.is_gone {
                return;
            }
            if !std::mem::replace(&mut is_asked, true) {
                (known.is_paused, known.is_left) = (true, false);
                self.wake();
            }
            drop(self.wait(known, Some(Instant::now() + LOOK)));
        }
    }

    /// See [`Screen::resume`](super::Screen::resume).
    pub(super) fn resume(&self) {
        let mut known = self.known();
        (known.is_paused, known.is_left, known.is_changed) = (false, false, true);
        self.wake();
    }
}
