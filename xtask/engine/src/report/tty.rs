//! The live view of a terminal: what runs, what waits for what, what is done, and how long it will
//! take. What stays is told above it, and at the end a short result takes its place.
//!
//! Events only change what is known; a thread of its own draws it, so that nothing waits for a
//! terminal. The terminal's modes are never touched and the cursor is always below what is drawn:
//! whatever ends this process leaves the terminal as it was.

mod clean;
mod drawing;
mod frame;
mod line;
mod painter;
mod pipelines;
mod prose;
mod row;
mod services;
mod shared;
mod state;
mod tail;
mod terminal;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::drawing::Drawing;
use self::shared::{Shared, Told};
use self::terminal::{Own, Terminal};
use super::style::{self, DIM, YELLOW};
use super::{Plain, Verbosity};
use crate::event::{Event, Reporter};

/// How the live view looks.
#[derive(Debug, Clone)]
pub struct Look {
    /// How much stays on the screen; the live view is the same.
    pub verbosity: Verbosity,
    /// With colours. Without them all that matters is told, too.
    pub colors: bool,
    /// The folder with the records of earlier runs, by which it is told how long things take.
    pub history: PathBuf,
    /// Tells that somebody stopped the run.
    pub stopping: CancellationToken,
}

/// Tells a run in a terminal.
pub struct Tty {
    shared: Arc<Shared>,
    /// Tells what stays on the screen, and the end.
    plain: Plain<Page>,
    page: Page,
    stopping: CancellationToken,
}

/// The screen of a [`Tty`], for those who have to stop drawing for a while.
#[derive(Clone)]
pub struct Screen(Arc<Shared>);

impl Tty {
    /// Draws on `out`, which is a terminal that takes ANSI sequences, each time with one write. When
    /// nobody is there any more to see it, `on_closed` is called, once.
    pub fn new(
        out: impl Write + Send + 'static,
        look: Look,
        on_closed: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self::on(out, look, on_closed, Own::new())
    }

    fn on(
        out: impl Write + Send + 'static,
        look: Look,
        on_closed: impl FnOnce() + Send + 'static,
        terminal: impl Terminal + Send + 'static,
    ) -> Self {
        let (shared, page) = (Arc::new(Shared::default()), Page::default());
        let plain = Plain::new(page.clone(), look.verbosity, || {});
        let stopping = look.stopping.clone();
        let drawing = Drawing::new(shared.clone(), out, look, terminal);
        std::thread::spawn(move || {
            if drawing.run().is_err() {
                on_closed();
            }
        });
        Self { shared, plain, page, stopping }
    }

    /// Its screen.
    pub fn screen(&self) -> Screen {
        Screen(self.shared.clone())
    }
}

impl Screen {
    /// Leaves what is drawn on the screen as lines like all others, with the cursor below them, and
    /// draws no more until [`resume`](Self::resume). Returns when that is so, or after half a second.
    pub fn leave(&self) {
        self.0.leave();
    }

    /// Draws again, below what is on the screen by now.
    pub fn resume(&self) {
        self.0.resume();
    }
}

impl Reporter for Tty {
    fn event(&mut self, at: Duration, event: &Event) {
        // What a step says is shown while it runs, and what of it matters at the end is told again.
        if !matches!(event, Event::StepLog { .. }) {
            self.plain.event(at, event);
        }
        let told = self.page.take();
        let at = at.as_secs_f64();
        let told = match event {
            Event::RunFinished { .. } => return self.shared.end(at, event, told),
            Event::StandIn { image, differs, .. } => {
                let text = format!("{image} {DIM}is {differs}{DIM:#}");
                Told::Prose(style::line(YELLOW, "stand-in", &text))
            }
            Event::Notice { .. } | Event::Detail { .. } => Told::Prose(told),
            Event::Output { .. }
            | Event::ServiceLog { .. }
            | Event::ImageExported { .. }
            | Event::Exported { .. } => Told::Lines(told),
            // What it does is shown while it does it, and what came of it at the end.
            _ => Told::Lines(String::new()),
        };
        self.shared.event(at, event, told, &self.stopping);
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// What was written since it was last taken.
#[derive(Debug, Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn take(&self) -> String {
        let written = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&written).into_owned()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
