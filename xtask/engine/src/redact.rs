//! Secrets taken out of all that is told.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

use crate::event::{Event, Outcome};

/// What stands where a secret was.
const MASK: &str = "***";
/// A shorter secret would take harmless text with it; it stays visible as any short word would.
const SHORTEST: usize = 4;

/// A shorter piece of base64 may be part of anything.
const SHORTEST_ENCODED: usize = 6;
/// What of a line without an end is looked at as one.
const LONGEST_LINE: u64 = 1 << 20;

/// Knows the secrets of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redactor {
    secrets: Vec<String>,
    /// Finds any of them, the longest first: one inside another leaves nothing of the outer one.
    finder: Option<AhoCorasick>,
    /// One of them has a space in it.
    has_spaces: bool,
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
        self.has_spaces |= secret.contains(' ');
        self.finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&self.secrets).ok();
    }

    pub(crate) fn longest(&self) -> usize {
        // In a URL each byte may take three.
        self.secrets.iter().map(String::len).max().unwrap_or_default() * 3
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    pub(crate) fn clean(&self, text: String) -> String {
        match self.masked(text.as_bytes()) {
            Some(cleaned) => String::from_utf8_lossy(&cleaned).into_owned(),
            None => text,
        }
    }

    /// The text without secrets; none if there is none in it.
    fn masked(&self, text: &[u8]) -> Option<Vec<u8>> {
        let finder = self.finder.as_ref()?;
        let plain = finder.is_match(text).then(|| finder.replace_all_bytes(text, &self.masks()));
        // As few texts have anything encoded in them, the others cost a glance.
        let may_be_encoded = text.contains(&b'%') || text.contains(&b'+') && self.has_spaces;
        if !may_be_encoded {
            return plain;
        }
        let mut cleaned = plain;
        for plus_is_space in [false, true] {
            let decoded = Decoded::of(cleaned.as_deref().unwrap_or(text), plus_is_space);
            let Some(decoded) = decoded.filter(|decoded| finder.is_match(&decoded.bytes)) else { continue };
            let before = cleaned.as_deref().unwrap_or(text);
            let (mut after, mut rest) = (Vec::with_capacity(before.len()), 0);
            for found in finder.find_iter(&decoded.bytes) {
                let (from, to) = (decoded.starts[found.start()], decoded.starts[found.end()]);
                after.extend_from_slice(&before[rest..from]);
                after.extend_from_slice(MASK.as_bytes());
                rest = to;
            }
            after.extend_from_slice(&before[rest..]);
            cleaned = Some(after);
        }
        cleaned
    }

    fn masks(&self) -> Vec<&'static str> {
        vec![MASK; self.secrets.len()]
    }

    /// Copies a file of any size without the secrets; the rest stays byte for byte.
    pub(crate) fn clean_file(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut from = BufReader::new(File::open(from)?);
        let mut to = BufWriter::new(File::create(to)?);
        let mut line = Vec::new();
        while (&mut from).take(LONGEST_LINE).read_until(b'\n', &mut line)? > 0 {
            line = self.masked(&line).unwrap_or(line);
            // The end of a piece of an endless line may be the beginning of a secret.
            let kept = if line.ends_with(b"\n") { 0 } else { self.longest() };
            let at = line.len().saturating_sub(kept);
            to.write_all(&line[..at])?;
            line.drain(..at);
        }
        to.write_all(&line)?;
        to.flush()
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

/// How else a secret may stand in a text, besides as a URL has it.
fn forms(secret: &str) -> impl Iterator<Item = String> + use<> {
    let json = serde_json::to_string(secret).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    let differs = json != secret;
    std::iter::once(json).filter(move |_| differs).chain(base64_forms(secret))
}

/// A text as a URL means it: each byte may stand for itself or as `%XX`, and which do is another matter
/// in each part of a URL and to each library.
struct Decoded {
    bytes: Vec<u8>,
    /// Where each byte begins in the text, and the text's end.
    starts: Vec<usize>,
}

impl Decoded {
    /// None if nothing is encoded.
    fn of(text: &[u8], plus_is_space: bool) -> Option<Self> {
        let (mut bytes, mut starts) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
        let mut at = 0;
        while at < text.len() {
            starts.push(at);
            let digits = text.get(at + 1..at + 3).filter(|_| text[at] == b'%');
            let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
            let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
            match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(byte) => {
                    bytes.push(byte);
                    at += 3;
                }
                None => {
                    bytes.push(if plus_is_space && text[at] == b'+' { b' ' } else { text[at] });
                    at += 1;
                }
            }
        }
        starts.push(text.len());
        (bytes != text).then_some(Self { bytes, starts })
    }
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
    fn a_secret_across_two_pieces_of_an_endless_line_is_masked() {
        let mut redactor = Redactor::default();
        redactor.add("hunter2");
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let before = "x".repeat(usize::try_from(LONGEST_LINE).unwrap() - 3);
        for end in ["", "\nmore\n", &"y".repeat(before.len())] {
            std::fs::write(&from, format!("{before}hunter2{end}")).unwrap();
            redactor.clean_file(&from, &to).unwrap();
            assert!(std::fs::read_to_string(&to).unwrap() == format!("{before}***{end}"));
        }
    }

    #[test]
    fn a_secret_is_known_in_other_forms() {
        let mut redactor = Redactor::default();
        redactor.add("p&ss wörd/1\"");
        let encode = |text: &str| STANDARD_NO_PAD.encode(text);
        let cases = [
            ("in a URL", "p%26ss%20w%C3%B6rd%2F1%22".to_owned()),
            ("in a form", "p%26ss+w%C3%B6rd%2F1%22".to_owned()),
            ("in a URL's user", "p&ss%20w%c3%b6rd%2F1%22".to_owned()),
            ("in a URL's path", "p&ss%20w%C3%B6rd/1\"".to_owned()),
            ("with a plus alone", "p&ss+wörd/1\"".to_owned()),
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
        for harmless in ["a password, p&ss", "100% of p%26ss", "%", "%4", "1 + 1%", "%zz+"] {
            assert_eq!(redactor.clean(harmless.into()), harmless);
        }
    }

    #[test]
    fn a_secret_inside_another_leaves_nothing_of_it() {
        let mut redactor = Redactor::default();
        redactor.add("pass");
        redactor.add("password");
        assert_eq!(redactor.clean("password pass".into()), "*** ***");
    }
}
