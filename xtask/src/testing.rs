//! For tests: events that are kept.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use xtask_engine::event::{Event, Events, Reporter};

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// A notice.
    Notice(String),
    /// A detail.
    Detail(String),
    /// A line of output.
    Output(String),
}

/// What was told until now.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<Told>>>);

impl Kept {
    /// All of it, in order.
    pub(crate) fn all(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }

    /// The lines of output, as one text.
    pub(crate) fn output(&self) -> String {
        let lines = self.all().into_iter().filter_map(|told| match told {
            Told::Output(line) => Some(line),
            _ => None,
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Reporter for Kept {
    fn event(&mut self, _at: Duration, event: &Event) {
        let told = match event {
            Event::Notice { text } => Told::Notice(text.clone()),
            Event::Detail { text } => Told::Detail(text.clone()),
            Event::Output { line } => Told::Output(line.clone()),
            _ => return,
        };
        self.0.lock().unwrap().push(told);
    }
}

/// Events, and what they told.
pub(crate) fn events() -> (Events, Kept) {
    let kept = Kept::default();
    (Events::new(vec![Box::new(kept.clone())]), kept)
}
