//! A task that is run again whenever its sources change: each round is a run of its own, with a record
//! and a result, and tells only what is new.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use xtask_engine::event::{Event, Outcome, Reporter};

/// Which round of a task a run is.
#[derive(Clone, Default)]
pub struct Round {
    /// What changed since the round before; nothing in the first.
    pub changed: Option<Vec<PathBuf>>,
    /// What earlier rounds told, and this one.
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    before: HashSet<String>,
    now: HashSet<String>,
}

impl Round {
    /// The one after this, for which these paths changed.
    pub fn next(&self, changed: Vec<PathBuf>) -> Self {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = std::mem::take(&mut told.now);
        told.before.extend(now);
        drop(told);
        Self { changed: Some(changed), told: self.told.clone() }
    }

    /// Whether there was one before.
    pub fn is_later(&self) -> bool {
        self.changed.is_some()
    }

    /// A reporter for people, which in a later round is not told again what they know.
    pub fn briefly(&self, reporter: Box<dyn Reporter>, shows_state: bool) -> Box<dyn Reporter> {
        Box::new(Brief { round: self.clone(), reporter, shows_state })
    }
}

struct Brief {
    round: Round,
    reporter: Box<dyn Reporter>,
    /// It has a picture of all there is, of which nothing may be missing.
    shows_state: bool,
}

impl Brief {
    fn is_known(&self, event: &Event) -> bool {
        let text = match event {
            Event::Notice { text } => text,
            Event::StandIn { tag, .. } => tag,
            Event::StepFinished { outcome: Outcome::Cached | Outcome::Unchanged, .. } => {
                return !self.shows_state && self.round.is_later();
            }
            _ => return false,
        };
        let mut told = self.round.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.now.insert(text.clone());
        told.before.contains(text)
    }
}

impl Reporter for Brief {
    fn event(&mut self, at: Duration, event: &Event) {
        if !self.is_known(event) {
            self.reporter.event(at, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    struct Sent(Sender<String>);

    impl Reporter for Sent {
        fn event(&mut self, _: Duration, event: &Event) {
            if let Event::Notice { text } = event {
                let _ = self.0.send(text.clone());
            }
        }
    }

    #[test]
    fn a_later_round_tells_what_is_new() {
        let (sender, sent) = channel();
        let tell = |round: &Round, texts: &[&str]| {
            let mut reporter = round.briefly(Box::new(Sent(sender.clone())), true);
            for text in texts {
                reporter.event(Duration::ZERO, &Event::Notice { text: (*text).to_owned() });
            }
            sent.try_iter().collect::<Vec<_>>()
        };
        let first = Round::default();
        assert_eq!(tell(&first, &["a", "b", "b"]), ["a", "b", "b"]);
        let second = first.next(vec!["file".into()]);
        assert_eq!(tell(&second, &["b", "c", "c"]), ["c", "c"]);
        assert_eq!(tell(&second.next(Vec::new()), &["a", "c", "d"]), ["d"]);
    }
}
