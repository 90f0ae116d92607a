//! What was found, and the table of it. Pure.

/// How good that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// As it should be.
    Ok,
    /// Works, with something to know.
    Warn,
    /// No task runs without it.
    Missing,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Missing => "missing",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What it is: `engine`.
    pub what: String,
    /// How good what was found is.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do; empty if nothing.
    pub advice: String,
}

impl Finding {
    /// It is as it should be.
    pub(crate) fn ok(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Ok, found: found.into(), advice: String::new() }
    }

    /// It works, with something to know.
    pub(crate) fn warn(what: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Warn, found: found.into(), advice: advice.into() }
    }

    /// No task runs.
    pub(crate) fn missing(
        what: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { what: what.into(), state: State::Missing, found: found.into(), advice: advice.into() }
    }
}

/// The lines of the table: state, what, found, and below it the advice.
pub(crate) fn table(findings: &[Finding]) -> Vec<String> {
    let states = State::Missing.word().len();
    let width = findings.iter().map(|finding| finding.what.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for Finding { what, state, found, advice } in findings {
        let mut rows = found.lines();
        lines.push(format!("{:states$}  {what:width$}  {}", state.word(), rows.next().unwrap_or_default()));
        let advice = (!advice.is_empty()).then(|| format!("-> {advice}"));
        for row in rows.map(str::to_owned).chain(advice) {
            lines.push(format!("{:states$}  {:width$}  {row}", "", ""));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_advice() {
        let findings = [
            Finding::ok("engine", "Docker Engine 20.10.24"),
            Finding::warn("registry", "cannot be reached\nno such host", "stand-ins are used"),
            Finding::missing("mmdebstrap", "not installed", "cargo xtask setup"),
        ];
        insta::assert_snapshot!(table(&findings).join("\n"), @r"
        ok       engine      Docker Engine 20.10.24
        warn     registry    cannot be reached
                             no such host
                             -> stand-ins are used
        missing  mmdebstrap  not installed
                             -> cargo xtask setup
        ");
    }
}
