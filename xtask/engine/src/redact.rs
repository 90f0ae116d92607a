//! Secrets taken out of all that is told.

use crate::event::{Event, Outcome};

/// What stands where a secret was.
const MASK: &str = "***";
/// A shorter secret would take harmless text with it; it stays visible as any short word would.
const SHORTEST: usize = 4;

/// Knows the secrets of a run.
#[derive(Default)]
pub(crate) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// A secret of several lines is also known by each of its lines, since output comes in lines.
    pub(crate) fn add(&mut self, secret: &str) {
        let whole = std::iter::once(secret.trim_end_matches(['\n', '\r']));
        for part in whole.chain(secret.lines().map(str::trim)) {
            if part.len() >= SHORTEST && !self.secrets.iter().any(|known| known == part) {
                self.secrets.push(part.to_owned());
            }
        }
        // The longest first, so that one inside another leaves nothing of the outer one.
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    pub(crate) fn clean(&self, mut text: String) -> String {
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        text
    }

    /// The event with all that a program or an engine said cleaned.
    pub(crate) fn event(&self, mut event: Event) -> Event {
        if self.secrets.is_empty() {
            return event;
        }
        let clean = |text: &mut String| *text = self.clean(std::mem::take(text));
        match &mut event {
            Event::RunStarted { command: text }
            | Event::Notice { text }
            | Event::Detail { text }
            | Event::Output { line: text }
            | Event::StepStarted { step: text, .. }
            | Event::PipelineFinished { error: Some(text), .. }
            | Event::RunFinished { error: Some(text), .. } => clean(text),
            Event::StepLog { step, text, .. } => {
                clean(step);
                clean(text);
            }
            Event::StepFinished { step, outcome, .. } => {
                clean(step);
                if let Outcome::Failed { error } = outcome {
                    clean(error);
                }
            }
            Event::StepFailed { step, tail, .. } => {
                clean(step);
                tail.iter_mut().for_each(clean);
            }
            Event::TestFinished { step, failures, tail, .. } => {
                clean(step);
                tail.iter_mut().for_each(clean);
                for failure in failures {
                    clean(&mut failure.name);
                    clean(&mut failure.message);
                }
            }
            Event::StandIn { .. }
            | Event::Pull { .. }
            | Event::PipelineStarted { .. }
            | Event::Uploaded { .. }
            | Event::Exported { .. }
            | Event::PipelineFinished { .. }
            | Event::RunFinished { .. } => {}
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_and_each_of_its_lines_is_masked() {
        let mut redactor = Redactor::default();
        redactor.add("hunter2\n");
        redactor.add("first line\nsecond line\n");
        let text = redactor.clean("a hunter2 b\nsecond line\nfirst line\nsecond line".into());
        assert_eq!(text, "a *** b\n***\n***");
    }

    #[test]
    fn a_secret_inside_another_leaves_nothing_of_it() {
        let mut redactor = Redactor::default();
        redactor.add("pass");
        redactor.add("password");
        assert_eq!(redactor.clean("password pass".into()), "*** ***");
    }
}
