//! The environment of a part: what its `.env` says, which of it is secret, and how addresses in it
//! read from a container.

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use percent_encoding::percent_decode_str;
use url::Url;
use xtask_engine::Error;
use xtask_engine::dotenv::Dotenv;
use xtask_engine::source::reason;

use crate::project::Project;

/// Not in git: what a developer uses.
const ENV: &str = ".env";
/// In git: what there is without it.
const EXAMPLE: &str = ".env.example";
/// A name with one of these is that of a secret.
const SECRET_NAMES: [&str; 5] = ["SECRET", "PASS", "TOKEN", "KEY", "CREDENTIAL"];
/// Ports that a URL need not name.
const DEFAULT_PORTS: [(&str, u16); 8] = [
    ("http", 80),
    ("ws", 80),
    ("https", 443),
    ("wss", 443),
    ("postgresql", 5432),
    ("postgres", 5432),
    ("smtp", 25),
    ("smtps", 465),
];

/// The environment of a part as its folder has it.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    file: String,
    source: Source,
    variables: Vec<Variable>,
    redactions: Vec<String>,
}

/// Where an environment is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Source {
    /// From `.env`.
    Env,
    /// There is no `.env`: from `.env.example`, which output should say.
    Example,
    /// There is neither.
    #[default]
    None,
}

/// A variable.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Its value, or a part of it, is for no output. What `.env.example` shows is no secret.
    pub is_secret: bool,
    /// The file that says so, as people name it.
    pub file: String,
}

impl Environment {
    /// Reads that of `part`, such as `web/crux`.
    ///
    /// # Errors
    /// [`Error::Usage`] if the file cannot be read or understood.
    pub fn of(repo: &Project, part: &str) -> Result<Self, Error> {
        let example = read(repo, &format!("{part}/{EXAMPLE}"));
        let file = format!("{part}/{ENV}");
        if let Some(env) = read(repo, &file)? {
            // One that cannot be read shows nothing, so all secrets are secret.
            let example = example.ok().flatten().unwrap_or_default();
            return Ok(Self::new(file, Source::Env, &env, &example));
        }
        Ok(match example? {
            Some(example) => Self::new(format!("{part}/{EXAMPLE}"), Source::Example, &example, &example),
            None => Self { file, ..Self::default() },
        })
    }

    /// That of a file which somebody names.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is none, or it cannot be read or understood.
    pub fn of_file(file: &Path) -> Result<Self, Error> {
        let shown = file.display().to_string();
        let env = read_file(file, &shown)?;
        let env =
            env.ok_or_else(|| Error::Usage(format!("there is no {shown}; name a .env file that is there")))?;
        Ok(Self::new(shown, Source::Env, &env, &Dotenv::default()))
    }

    /// This, and over it what `above` says.
    pub fn under(mut self, above: &Self) -> Self {
        self.variables.retain(|variable| above.get(&variable.name).is_none());
        self.variables.extend(above.variables.iter().cloned());
        self.redactions.extend(above.redactions.iter().cloned());
        self
    }

    fn new(file: String, source: Source, env: &Dotenv, example: &Dotenv) -> Self {
        let mut environment = Self { file, source, ..Self::default() };
        for (name, value) in env.iter() {
            let redactions = redactions(name, value, example.get(name));
            let is_secret = !redactions.is_empty();
            let file = environment.file.clone();
            environment.variables.push(Variable { name: name.into(), value: value.into(), is_secret, file });
            environment.redactions.extend(redactions);
        }
        environment
    }

    /// The file that it is from, or would be, as people name it: `web/crux/.env`.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The file that says what a variable is; [`Environment::file`] for one that none says.
    pub fn file_of(&self, name: &str) -> &str {
        let variable = self.variables.iter().find(|variable| variable.name == name);
        variable.map_or(&self.file, |variable| &variable.file)
    }

    /// Which of the two files that is.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find_map(|variable| (variable.name == name).then_some(variable.value.as_str()))
    }

    /// All of it, in the order of the file.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The texts that no output may show: secret values, and of a URL only its password, in each
    /// way it may be written.
    pub fn redactions(&self) -> &[String] {
        &self.redactions
    }
}

/// Without what is secret.
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.is_secret { "***" } else { &self.value };
        write!(f, "{}={value:?}", self.name)
    }
}

/// A `.env` file of the repository, if there is one; `file` is its path there.
fn read(repo: &Project, file: &str) -> Result<Option<Dotenv>, Error> {
    read_file(&repo.root().join(file), file)
}

/// A `.env` file, if there is one, which people know as `file`.
fn read_file(path: &Path, file: &str) -> Result<Option<Dotenv>, Error> {
    match fs::read(path) {
        Ok(bytes) => match Dotenv::parse(&bytes) {
            Ok(dotenv) => Ok(Some(dotenv)),
            Err(error) => Err(Error::Usage(format!("{file} {error}"))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Usage(format!(
            "cannot read {file}: {}; make it a file that you can read, or remove it",
            reason(&error)
        ))),
    }
}

/// What of a value no output may show; nothing if it is no secret. `shown` is the value that
/// everybody sees in the example.
fn redactions(name: &str, value: &str, shown: Option<&str>) -> Vec<String> {
    // A switch is no secret whatever its name, and its word is everywhere.
    if value.is_empty() || matches!(value, "true" | "false") || shown == Some(value) {
        return Vec::new();
    }
    let name = name.to_ascii_uppercase();
    let by_name = SECRET_NAMES.iter().any(|secret| name.contains(secret));
    let mut redactions = match Url::parse(value) {
        Ok(_) => passwords(value),
        // A password with a `/` or `#` makes a URL none that could be read.
        Err(_) if value.contains("://") && value.contains('@') => vec![value.to_owned()],
        Err(_) => Vec::new(),
    };
    let public = shown.map(passwords).unwrap_or_default();
    redactions.retain(|password| !public.contains(password));
    if by_name && !redactions.iter().any(|known| known == value) {
        redactions.push(value.to_owned());
    }
    redactions
}

/// The password in a URL: as it is written there, as a program writes that reads and writes URLs,
/// and percent-decoded. Empty if `value` is no URL or has no password.
pub fn passwords(value: &str) -> Vec<String> {
    let Ok(url) = Url::parse(value) else { return Vec::new() };
    let Some(password) = url.password().filter(|password| !password.is_empty()) else { return Vec::new() };
    let decoded = percent_decode_str(password).decode_utf8_lossy();
    let written = Authority::of(value).and_then(|authority| authority.user.split_once(':'));
    let mut forms = vec![decoded.into_owned()];
    for form in [Some(password), written.map(|(_, password)| password)].into_iter().flatten() {
        if !forms.iter().any(|known| known == form) {
            forms.push(form.to_owned());
        }
    }
    forms
}

/// A value as a container has to see it: the host of a URL, or of `host:port`, becomes the part's
/// name if it is this machine (`localhost`, `127.0.0.1`, `[::1]`) and its port is that of a part in
/// `parts`. Every other byte stays.
pub fn rehosted<'a>(value: &'a str, parts: &[(u16, &str)]) -> Cow<'a, str> {
    let authority = Authority::of(value).unwrap_or_else(|| Authority::bare(value));
    let (host, port) = authority.host_and_port();
    let part = parts.iter().find(|(of_part, _)| Some(*of_part) == port);
    match part {
        Some((_, name)) if is_here(host) => {
            let end = authority.at + host.len();
            Cow::Owned(format!("{}{name}{}", &value[..authority.at], &value[end..]))
        }
        _ => Cow::Borrowed(value),
    }
}

/// A value with another host and port in a URL, or in `host:port`, if `find` knows one for those that
/// it has (without a port that of the scheme). Every other byte stays.
pub fn readdressed<'a>(value: &'a str, find: impl FnOnce(&str, u16) -> Option<String>) -> Cow<'a, str> {
    let authority = Authority::of(value).unwrap_or_else(|| Authority::bare(value));
    let (host, port) = authority.host_and_port();
    match port.and_then(|port| find(host, port)) {
        Some(other) => {
            let end = authority.at + authority.text.len();
            Cow::Owned(format!("{}{other}{}", &value[..authority.at], &value[end..]))
        }
        None => Cow::Borrowed(value),
    }
}

/// Host and port in a URL, or a value that is no more than these.
pub fn authority(value: &str) -> Option<&str> {
    let authority = Authority::of(value).unwrap_or_else(|| Authority::bare(value));
    authority.host_and_port().1.map(|_| authority.text)
}

/// Whether a host, as a URL has it, is this machine.
pub fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]"
}

/// Where a URL leads to, cut out of its text.
struct Authority<'a> {
    scheme: &'a str,
    /// User and password, without the `@`.
    user: &'a str,
    /// Where `text` begins.
    at: usize,
    /// Host and port.
    text: &'a str,
}

impl<'a> Authority<'a> {
    /// A value that is no URL: all of it may be host and port.
    fn bare(value: &'a str) -> Self {
        Self { scheme: "", user: "", at: 0, text: value }
    }

    /// That of a URL; none if `value` is none.
    fn of(value: &'a str) -> Option<Self> {
        let (scheme, rest) = value.split_once("://")?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(fits) {
            return None;
        }
        let all = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        let (user, text) = all.rsplit_once('@').unwrap_or(("", all));
        let at = value.len() - rest.len() + all.len() - text.len();
        Some(Self { scheme, user, at, text })
    }

    /// The host as it is written, and the port, that of the scheme if none is written.
    fn host_and_port(&self) -> (&'a str, Option<u16>) {
        let host = match self.text.find(']') {
            Some(bracket) => &self.text[..=bracket],
            None => self.text.split(':').next().unwrap_or_default(),
        };
        let port = match self.text[host.len()..].strip_prefix(':') {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok(),
            None if self.text.len() == host.len() => {
                let scheme = self.scheme.to_ascii_lowercase();
                DEFAULT_PORTS.iter().find_map(|(known, port)| (*known == scheme).then_some(*port))
            }
            _ => None,
        };
        (host, port)
    }
}

#[cfg(test)]
mod tests;
