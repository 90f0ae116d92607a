//! The command that runs one test again.

/// How to run just one failed test of a pipeline again; `rerun` are the arguments for its test
/// command. Tasks bear the names of their pipelines.
pub(super) fn command(pipeline: &str, rerun: &[String]) -> Option<String> {
    let arguments: Vec<String> = rerun.iter().map(|argument| quoted(argument)).collect();
    (!rerun.is_empty()).then(|| format!("cargo xtask {pipeline} -- {}", arguments.join(" ")))
}

/// As a shell takes it for one word.
fn quoted(argument: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "_@%+=:,./-".contains(char);
    match argument.is_empty() || !argument.chars().all(plain) {
        true => format!("'{}'", argument.replace('\'', r"'\''")),
        false => argument.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_for_a_shell() {
        let rerun = ["src/a.spec.ts", "--testNamePattern", "^it's 100% right$"].map(str::to_owned);
        assert_eq!(
            command("test-crux", &rerun).unwrap(),
            r"cargo xtask test-crux -- src/a.spec.ts --testNamePattern '^it'\''s 100% right$'"
        );
        assert_eq!(command("test-crux", &[]), None);
    }
}
