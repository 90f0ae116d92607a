//! `.env` files, read as the application reads them: by the rules of npm's `dotenv`, which NestJS
//! uses and `process.loadEnvFile` imitates.
//!
//! - `NAME=value`, with or without `export`; blanks around the name and the value do not count. The
//!   last line for a name counts.
//! - Without quotes a value ends at its line's end or at a `#`, also where no blank is before it.
//! - In `'`, `"` or `` ` `` it is taken as it is, over several lines too; a quote with a backslash
//!   before it does not end it. In `"` alone, `\n` and `\r` become line ends.
//! - A `$` is a `$`: nothing is substituted. Passwords have it, and the loaders above leave it alone.
//! - A byte order mark and CRLF do not count.
//!
//! The loaders skip a line that they do not understand, or disagree about it. Here it is an error,
//! which shows names but never anything of a value. The crate `dotenvy` follows a shell's rules: it
//! substitutes `$`, also with variables of the host, refuses blanks, and keeps a `#`.

mod edit;

use std::fmt;

use thiserror::Error;

pub use edit::{Edited, written};

/// The names and values of a `.env` file, in their order, each name once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Dotenv {
    variables: Vec<(String, String)>,
}

/// What is wrong with a `.env` file, and what to do: fits behind the file's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct DotenvError {
    /// The line, counted from 1.
    pub line: usize,
    what: String,
}

impl Dotenv {
    /// Reads the bytes of a `.env` file.
    ///
    /// # Errors
    /// The first line that cannot be understood.
    pub fn parse(bytes: &[u8]) -> Result<Self, DotenvError> {
        let text = text(bytes)?;
        let mut dotenv = Self::default();
        let mut reader = Reader { rest: &text, line: 1 };
        while let Some(Assignment { name, value, .. }) = reader.assignment()? {
            match dotenv.variables.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = value,
                None => dotenv.variables.push((name.to_owned(), value)),
            }
        }
        Ok(dotenv)
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// All names with their values, each where it first stood.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Names only: values may be secrets.
impl fmt::Debug for Dotenv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// The text of a file, with `\n` at the ends of its lines.
fn text(bytes: &[u8]) -> Result<String, DotenvError> {
    let failed = |at: usize, what: &str| {
        let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        Err(DotenvError { line, what: format!("{what}; save the file as UTF-8") })
    };
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return failed(0, "the file is UTF-16");
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return failed(at, "it has a NUL character, as UTF-16 has");
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.replace("\r\n", "\n").replace('\r', "\n")),
        Err(error) => failed(error.valid_up_to(), "it is not UTF-8"),
    }
}

/// `NAME=value` in a file.
struct Assignment<'a> {
    name: &'a str,
    value: String,
    /// Where the value begins as it is written, with quotes: bytes from the end of the file.
    from_end: usize,
    /// How many bytes it has so.
    length: usize,
}

struct Reader<'a> {
    rest: &'a str,
    /// The line on which `rest` begins.
    line: usize,
}

impl<'a> Reader<'a> {
    /// The next name and its value.
    fn assignment(&mut self) -> Result<Option<Assignment<'a>>, DotenvError> {
        self.take(self.rest.len() - self.rest.trim_start_matches(is_blank).len());
        while self.rest.starts_with('#') {
            self.take(end_of_line(self.rest));
            self.take(self.rest.len() - self.rest.trim_start_matches(is_blank).len());
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let Some(equals) = self.rest[..end_of_line(self.rest)].find('=') else {
            return self.failed("it has no `=`; write NAME=value, put a value of several lines in quotes, and begin a comment with #");
        };
        let name = without_export(self.rest[..equals].trim_end_matches(is_blank));
        if !is_name(name) {
            return self.failed("what is before `=` is no name; use letters, digits and `_`");
        }
        self.take(equals + 1);
        let line = self.rest;
        let (value, at, length) = self.value(name)?;
        Ok(Some(Assignment { name, value, from_end: line.len() - at, length }))
    }

    /// The value that begins here, and where it is written, from here.
    fn value(&mut self, name: &str) -> Result<(String, usize, usize), DotenvError> {
        let line = &self.rest[..end_of_line(self.rest)];
        let value = line.trim_start_matches(is_blank);
        let at = line.len() - value.len();
        let quote = value.chars().next().filter(|first| matches!(first, '\'' | '"' | '`'));
        let Some(quote) = quote else {
            let value = value.split('#').next().unwrap_or_default().trim_end_matches(is_blank);
            self.take(line.len());
            // Without a value it is what stands right behind the `=`.
            let at = if value.is_empty() { 0 } else { at };
            return Ok((value.to_owned(), at, value.len()));
        };
        let quoted = &self.rest[line.len() - value.len() + quote.len_utf8()..];
        let Some(end) = closing(quoted, quote) else {
            let what = match quoted[..end_of_line(quoted)].contains(quote) {
                true => format!(
                    "text follows the closing {quote} of {name}; put the whole value in one pair of quotes, another kind if {quote} is part of it"
                ),
                false => format!(
                    "the value of {name} has no closing {quote}; add it, or put the value in another kind of quotes if {quote} is part of it"
                ),
            };
            return self.failed(what);
        };
        let value = match quote {
            '"' => quoted[..end].replace("\\n", "\n").replace("\\r", "\r"),
            _ => quoted[..end].to_owned(),
        };
        let behind = &quoted[end + quote.len_utf8()..];
        self.take(self.rest.len() - behind.len() + end_of_line(behind));
        Ok((value, at, end + 2 * quote.len_utf8()))
    }

    /// Goes on by `length` bytes.
    fn take(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
    }

    fn failed<T>(&self, what: impl Into<String>) -> Result<T, DotenvError> {
        Err(DotenvError { line: self.line, what: what.into() })
    }
}

fn end_of_line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// To JavaScript a byte order mark is one, too.
fn is_blank(char: char) -> bool {
    char.is_whitespace() || char == '\u{feff}'
}

/// `export` is part of the line, unless it is the name.
fn without_export(name: &str) -> &str {
    match name.strip_prefix("export") {
        Some(exported) if exported.starts_with(is_blank) => exported.trim_start_matches(is_blank),
        _ => name,
    }
}

fn is_name(name: &str) -> bool {
    let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-');
    !name.is_empty() && name.chars().all(fits)
}

/// Where a quoted value ends: at the first quote without a backslash; if more than a comment follows
/// there, at the last one before it, which then has a backslash that is part of the value (a
/// Windows path: `"C:\"`).
fn closing(quoted: &str, quote: char) -> Option<usize> {
    let escaped = |at: usize| quoted[..at].ends_with('\\');
    let quotes = || quoted.match_indices(quote).map(|(at, _)| at);
    let first = quotes().find(|at| !escaped(*at));
    let ends = |at: &usize| {
        let behind = &quoted[at + quote.len_utf8()..];
        let behind = behind[..end_of_line(behind)].trim_start_matches(is_blank);
        behind.is_empty() || behind.starts_with('#')
    };
    let mut candidates: Vec<usize> =
        quotes().take_while(|at| first.is_none_or(|first| *at <= first)).collect();
    candidates.reverse();
    candidates.into_iter().find(ends)
}

#[cfg(test)]
mod tests;
