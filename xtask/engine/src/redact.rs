//! Secrets taken out of all that is told.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::event::{Event, Outcome};

/// What stands where a secret was.
const MASK: &str = "***";
/// A shorter secret would take harmless text with it; it stays visible as any short word would.
const SHORTEST: usize = 4;

/// A shorter piece of base64 may be part of anything.
const SHORTEST_ENCODED: usize = 6;
/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What of a line without an end is looked at as one.
const LONGEST_LINE: u64 = 1 << 20;

/// Knows the secrets of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redactor {
    secrets: Vec<String>,
    /// Finds any of them, the longest first: one inside another leaves nothing of the outer one.
    finder: Option<AhoCorasick>,
}

impl Redactor {
    /// A secret of several lines is also known by each of its lines, since output comes in lines;
    /// and all of them also as they stand in URLs, in base64 and in JSON.
    pub(crate) fn add(&mut self, secret: &str) {
        let whole = std::iter::once(secret.trim_end_matches(['\n', '\r']));
        for part in whole.chain(secret.lines().map(str::trim)) {
            if part.len() >= SHORTEST && !self.secrets.iter().any(|known| known == part) {
                self.secrets.push(part.to_owned());
                for form in forms(part) {
                    if !self.secrets.contains(&form) {
                        self.secrets.push(form);
                    }
                }
            }
        }
        self.finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&self.secrets).ok();
    }

    pub(crate) fn longest(&self) -> usize {
        self.secrets.iter().map(String::len).max().unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    pub(crate) fn clean(&self, text: String) -> String {
        match &self.finder {
            Some(finder) if finder.is_match(&text) => {
                let mut cleaned = String::with_capacity(text.len());
                finder.replace_all_with(&text, &mut cleaned, |_, _, cleaned| {
                    cleaned.push_str(MASK);
                    true
                });
                cleaned
            }
            _ => text,
        }
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
        let mut cleaned = Vec::with_capacity(bytes.len());
        match &self.finder {
            Some(finder) => finder.replace_all_with_bytes(bytes, &mut cleaned, |_, _, cleaned| {
                cleaned.extend_from_slice(MASK.as_bytes());
                true
            }),
            None => cleaned.extend_from_slice(bytes),
        }
        cleaned
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
            Event::RunStarted { command: text, .. }
            | Event::Notice { text }
            | Event::Detail { text }
            | Event::Output { line: text }
            | Event::StepStarted { step: text, .. }
            | Event::PipelineFinished { error: Some(text), .. }
            | Event::RunFinished { error: Some(text), .. } => clean(text),
            // The lines of steps and services are clean already: Lines did it, before they were cut.
            Event::StepLog { step, .. } => clean(step),
            Event::StepsPlanned { steps, .. } => {
                steps.iter_mut().for_each(|planned| clean(&mut planned.step))
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
                    failure.rerun.iter_mut().for_each(clean);
                    clean(&mut failure.again);
                }
            }
            Event::ServiceFailed { why, tail, .. } => {
                clean(why);
                tail.iter_mut().for_each(clean);
            }
            Event::ServiceLog { .. }
            | Event::Service { .. }
            | Event::ServicesFollowed { .. }
            | Event::ServicesRemoved { .. }
            | Event::ServicesLeft { .. }
            | Event::StandIn { .. }
            | Event::Pull { .. }
            | Event::PipelineStarted { .. }
            | Event::Uploaded { .. }
            | Event::Uploading { .. }
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

/// How else a secret may stand in a text.
fn forms(secret: &str) -> impl Iterator<Item = String> + use<> {
    let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let lower = utf8_percent_encode(secret, COMPONENT).to_string();
    let json = serde_json::to_string(secret).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    let urls = [lower.replace("%20", "+"), lower, encoded].into_iter();
    let forms = urls.chain([json]).filter({
        let plain = secret.to_owned();
        move |form| *form != plain
    });
    forms.chain(base64_forms(secret))
}

/// A secret in base64, also within a longer text: by where it begins there, its bytes fall on three
/// different places of the groups of four characters. Only characters are taken that depend on
/// nothing beside it.
fn base64_forms(secret: &str) -> impl Iterator<Item = String> + use<> {
    let inside = |before: usize| {
        let bytes = [&b"\0\0"[..before], secret.as_bytes()].concat();
        let whole = STANDARD_NO_PAD.encode(&bytes);
        // Characters of 6 bits: those with a bit of what comes before or after it are left out.
        let from = (before * 8).div_ceil(6);
        let to = bytes.len() * 8 / 6;
        whole[from.min(to)..to].to_owned()
    };
    let standard: Vec<String> = (0..3).map(inside).filter(|form| form.len() >= SHORTEST_ENCODED).collect();
    let url_safe: Vec<String> =
        standard.iter().map(|form| form.replace('+', "-").replace('/', "_")).collect();
    standard.into_iter().chain(url_safe)
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
    fn a_secret_is_known_in_other_forms() {
        let mut redactor = Redactor::default();
        redactor.add("p&ss wörd/1\"");
        let encode = |text: &str| STANDARD_NO_PAD.encode(text);
        let cases = [
            ("in a URL", "p%26ss%20w%C3%B6rd%2F1%22".to_owned()),
            ("in a form", "p%26ss+w%C3%B6rd%2F1%22".to_owned()),
            ("in JSON", r#"p&ss wörd/1\""#.to_owned()),
            ("in base64", encode("p&ss wörd/1\"")),
            ("after one byte", encode("up&ss wörd/1\"more")),
            ("after two", encode("u:p&ss wörd/1\"more")),
            ("after three", encode("us:p&ss wörd/1\"more")),
        ];
        for (case, text) in cases {
            let cleaned = redactor.clean(format!("x {text} y"));
            assert!(cleaned.contains(MASK), "{case}: {cleaned}");
            // What is left may be the few characters that other bytes have a part in.
            assert!(cleaned.len() <= "x *** y".len() + 10, "{case}: {cleaned}");
        }
        assert_eq!(redactor.clean("a password, p&ss".into()), "a password, p&ss");
    }

    #[test]
    fn a_secret_inside_another_leaves_nothing_of_it() {
        let mut redactor = Redactor::default();
        redactor.add("pass");
        redactor.add("password");
        assert_eq!(redactor.clean("password pass".into()), "*** ***");
    }
}
