//! Secrets taken out of all that is told.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde_json::Value;

use crate::event::{Event, Outcome};

/// What stands where a secret was.
const MASK: &str = "***";
/// A shorter secret would take harmless text with it; it stays visible as any short word would.
const SHORTEST: usize = 4;

/// What of a line without an end is looked at as one.
const LONGEST_LINE: u64 = 1 << 20;

/// Knows the secrets of a run.
#[derive(Debug, Clone, Default)]
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

    /// Copies a file of any size without the secrets; the rest stays byte for byte.
    pub(crate) fn clean_file(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut from = BufReader::new(File::open(from)?);
        let mut to = BufWriter::new(File::create(to)?);
        let mut line = Vec::new();
        while (&mut from).take(LONGEST_LINE).read_until(b'\n', &mut line)? > 0 {
            to.write_all(&self.clean_bytes(&line))?;
            line.clear();
        }
        to.flush()
    }

    fn clean_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for secret in &self.secrets {
            let secret = secret.as_bytes();
            let mut from = 0;
            while let Some(at) = bytes[from..].windows(secret.len()).position(|window| window == secret) {
                let at = from + at;
                bytes.splice(at..at + secret.len(), MASK.bytes());
                from = at + MASK.len();
            }
        }
        bytes
    }

    /// A JSON document whose texts and keys are without secrets, however they were escaped.
    pub(crate) fn clean_json(&self, text: &[u8]) -> io::Result<Vec<u8>> {
        let document = serde_json::from_slice(text)?;
        Ok(serde_json::to_vec(&self.clean_value(document))?)
    }

    fn clean_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clean(text)),
            Value::Array(values) => values.into_iter().map(|value| self.clean_value(value)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(key, value)| (self.clean(key), self.clean_value(value))).collect()
            }
            other => other,
        }
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
            Event::ServiceFailed { why, tail, .. } => {
                clean(why);
                tail.iter_mut().for_each(clean);
            }
            // Its lines are clean already, for they went to a file first.
            Event::ServiceLog { .. }
            | Event::Service { .. }
            | Event::ServicesFollowed { .. }
            | Event::ServicesRemoved { .. }
            | Event::ServicesLeft { .. }
            | Event::StandIn { .. }
            | Event::Pull { .. }
            | Event::PipelineStarted { .. }
            | Event::Uploaded { .. }
            | Event::NetworkCreated { .. }
            | Event::Artifacts { .. }
            | Event::Exported { .. }
            | Event::ImageExported { .. }
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
    fn files_keep_all_but_the_secrets_byte_for_byte() {
        let mut redactor = Redactor::default();
        redactor.add("p&ss\"word");
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::write(&from, b"\xff p&ss\"word\r\n\nno end p&ss\"word").unwrap();
        redactor.clean_file(&from, &to).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"\xff ***\r\n\nno end ***");
        let report =
            redactor.clean_json(br#"{"a": ["x p&ss\"word y", 1], "p\u0026ss\"word": null}"#).unwrap();
        assert_eq!(String::from_utf8(report).unwrap(), r#"{"***":null,"a":["x *** y",1]}"#);
    }

    #[test]
    fn a_secret_inside_another_leaves_nothing_of_it() {
        let mut redactor = Redactor::default();
        redactor.add("pass");
        redactor.add("password");
        assert_eq!(redactor.clean("password pass".into()), "*** ***");
    }
}
