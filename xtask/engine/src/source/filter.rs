//! Which paths of a directory a step sees: includes, excludes, `.dockerignore`, and never `.env`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{SourceError, is_dotenv};
use crate::pipeline::HostDirectory;

/// What of a directory never travels, in Docker's own syntax.
const DOCKER_IGNORE: &str = ".dockerignore";

/// What the filter says of one path, given what it said of its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// It is part of the view.
    pub(super) keep: bool,
    /// What is below it may be (for a directory).
    pub(super) descend: bool,
    /// An include matched it or something above it.
    included: bool,
    /// `.dockerignore` leaves it out, unless it takes something below it back.
    ignored: bool,
}

impl Verdict {
    /// Of a directory's root.
    pub(super) fn root(filter: &Filter) -> Self {
        Self { keep: true, descend: true, included: filter.includes.is_empty(), ignored: false }
    }

    const OUT: Self = Self { keep: false, descend: false, included: false, ignored: false };
}

pub(super) struct Filter {
    includes: Vec<Include>,
    exclude: Gitignore,
    docker_ignore: Gitignore,
    /// `.dockerignore` takes something back, so what it leaves out must still be entered.
    docker_takes_back: bool,
}

struct Include {
    pattern: String,
    matcher: Gitignore,
    /// For `/a/b` without wildcards: where it can match at all.
    fixed: Option<PathBuf>,
    matched: AtomicBool,
}

impl Filter {
    pub(super) fn new(directory: &HostDirectory, root: &Path) -> Result<Self, SourceError> {
        let includes = directory
            .include
            .iter()
            .map(|pattern| Include::new(pattern))
            .collect::<Result<Vec<_>, SourceError>>()?;
        let exclude = matcher(directory.exclude.iter().map(String::as_str), "exclude")?;
        let docker_lines = docker_ignore(root)?;
        let docker_takes_back = docker_lines.iter().any(|line| line.starts_with('!'));
        let docker_ignore = matcher(docker_lines.iter().map(String::as_str), DOCKER_IGNORE)?;
        Ok(Self { includes, exclude, docker_ignore, docker_takes_back })
    }

    /// Whether `path` (relative to the root) is part of the view.
    pub(super) fn judge(&self, path: &Path, is_dir: bool, parent: Verdict) -> Verdict {
        if self.exclude.matched(path, is_dir).is_ignore() {
            return Verdict::OUT;
        }
        if !is_dir && path.file_name().and_then(|name| name.to_str()).is_some_and(is_dotenv) {
            return Verdict::OUT;
        }
        let ignored = match self.docker_ignore.matched(path, is_dir) {
            Match::Ignore(_) => true,
            Match::Whitelist(_) => false,
            Match::None => parent.ignored,
        };
        if ignored && !(is_dir && self.docker_takes_back) {
            return Verdict::OUT;
        }
        let mut included = parent.included;
        let mut possible = included;
        for include in &self.includes {
            if include.matcher.matched(path, is_dir).is_ignore() {
                included = true;
                if !ignored {
                    include.matched.store(true, Ordering::Relaxed);
                }
            }
            possible |= include.may_match_below(path);
        }
        Verdict { keep: included && !ignored, descend: is_dir && (included || possible), included, ignored }
    }

    /// The first include that matched nothing.
    pub(super) fn unmatched(&self) -> Option<&str> {
        self.includes
            .iter()
            .find(|include| !include.matched.load(Ordering::Relaxed))
            .map(|include| include.pattern.as_str())
    }
}

impl Include {
    fn new(pattern: &str) -> Result<Self, SourceError> {
        let wrong = |why: &str| {
            Err(SourceError::Pattern { pattern: pattern.into(), of: "include".into(), why: why.into() })
        };
        if pattern.trim().is_empty() {
            return wrong("it is empty");
        }
        if pattern.starts_with('!') {
            return wrong("an include cannot take back: use exclude");
        }
        let matcher = matcher(std::iter::once(pattern), "include")?;
        let fixed = pattern
            .strip_prefix('/')
            .filter(|rest| !rest.contains(['*', '?', '[', '{', '\\']))
            .map(|rest| PathBuf::from(rest.trim_end_matches('/')));
        Ok(Self { pattern: pattern.to_owned(), matcher, fixed, matched: AtomicBool::new(false) })
    }

    fn may_match_below(&self, directory: &Path) -> bool {
        self.fixed.as_ref().is_none_or(|fixed| fixed.starts_with(directory))
    }
}

fn matcher<'a>(patterns: impl Iterator<Item = &'a str>, of: &str) -> Result<Gitignore, SourceError> {
    // The root is empty: paths are matched as they are, relative to the view.
    let mut builder = GitignoreBuilder::new("");
    builder.allow_unclosed_class(false);
    let wrong = |pattern: &str, error: ignore::Error| SourceError::Pattern {
        // Docker's are relative to the root with or without it; people write them without.
        pattern: if of == DOCKER_IGNORE { pattern.trim_start_matches('/') } else { pattern }.into(),
        of: of.into(),
        why: match error {
            ignore::Error::Glob { err, .. } => err,
            other => other.to_string(),
        },
    };
    let mut last = "";
    for pattern in patterns {
        builder.add_line(None, pattern).map_err(|error| wrong(pattern, error))?;
        last = pattern;
    }
    builder.build().map_err(|error| wrong(last, error))
}

/// The lines of a `.dockerignore` as gitignore patterns: Docker's are always relative to the root.
/// <https://docs.docker.com/build/concepts/context/#dockerignore-files>
fn docker_ignore(root: &Path) -> Result<Vec<String>, SourceError> {
    let path = root.join(DOCKER_IGNORE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(SourceError::io(&path, error)),
    };
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    Ok(lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| {
            let (sign, pattern) = line.strip_prefix('!').map_or(("", line), |rest| ("!", rest.trim_start()));
            let pattern = pattern.trim_start_matches("./").trim_matches('/');
            (!matches!(pattern, "" | ".")).then(|| format!("{sign}/{pattern}"))
        })
        .collect())
}
