//! The command that runs one test again.

use crate::cli::TOLD;

/// The arguments of this run's command line, as `cli` understands them, made into the command that runs only what `rerun` says of
/// a pipeline: its name is that of a task, if the task takes arguments for its test command.
///
/// # Returns
/// None where there is no such task.
pub fn command(
    cli: &clap::Command,
    line: &[String],
    task: &str,
    pipeline: &str,
    rerun: &[String],
) -> Option<String> {
    let takes = cli.find_subcommand(pipeline)?.get_arguments().any(clap::Arg::is_last_set);
    if !takes || rerun.is_empty() {
        return None;
    }
    let mut options = line.split(|arg| arg == "--").next().unwrap_or_default().to_vec();
    drop_told(&mut options, cli);
    let at = place_of(task, &options, cli)?;
    pipeline.clone_into(&mut options[at]);
    options.push("--".to_owned());
    let words = options.iter().chain(rerun).map(|word| quoted(word));
    Some(format!("cargo xtask {}", words.collect::<Vec<_>>().join(" ")))
}

/// Where the task stands: not where an option has its name as a value.
fn place_of(task: &str, words: &[String], cli: &clap::Command) -> Option<usize> {
    let takes_value = |word: &String| {
        let mut options = cli.get_arguments().filter(|arg| arg.get_action().takes_values());
        options.any(|arg| arg.get_long().is_some_and(|long| *word == format!("--{long}")))
    };
    let is_value = |at: usize| at > 0 && takes_value(&words[at - 1]);
    (0..words.len()).find(|at| words[*at] == task && !is_value(*at))
}

/// Takes out what only says how and where a run is told: whoever runs a test again does so elsewhere.
fn drop_told(options: &mut Vec<String>, cli: &clap::Command) {
    let told = cli.get_arguments().filter(|arg| arg.get_help_heading() == Some(TOLD));
    for arg in told {
        let long = arg.get_long().map(|long| format!("--{long}"));
        let short = arg.get_short().map(|short| format!("-{short}"));
        let names: Vec<String> = long.into_iter().chain(short).collect();
        let takes_value = arg.get_action().takes_values();
        while let Some(at) = options.iter().position(|word| names.contains(word)) {
            let end = (at + 1 + usize::from(takes_value)).min(options.len());
            options.drain(at..end);
        }
        options.retain(|word| !names.iter().any(|name| word.starts_with(&format!("{name}="))));
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=,@%+~".contains(char);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn again(line: &str, task: &str, pipeline: &str, rerun: &[&str]) -> Option<String> {
        let line: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let rerun: Vec<String> = rerun.iter().map(ToString::to_string).collect();
        command(&Cli::command(), &line, task, pipeline, &rerun)
    }

    #[test]
    fn one_test_runs_again_as_it_ran() {
        let e2e = again("--repo ../app e2e --keep-on-failure -- a.spec.ts", "e2e", "e2e", &["b.spec.ts:7"]);
        assert_eq!(e2e.as_deref(), Some("cargo xtask --repo ../app e2e --keep-on-failure -- b.spec.ts:7"));
        let name = ["src/a.spec.ts", "--testNamePattern", "^it's (a) test$"];
        assert_eq!(
            again("test", "test", "test-crux", &name).as_deref(),
            Some(r"cargo xtask test-crux -- src/a.spec.ts --testNamePattern '^it'\''s (a) test$'")
        );
    }

    #[test]
    fn how_it_was_told_does_not_matter_again() {
        let line = "--progress=json e2e -q --record /tmp/1 --repo ../app --junit out.xml -- a.spec.ts";
        let again = again(line, "e2e", "e2e", &["b.spec.ts:7"]);
        assert_eq!(again.as_deref(), Some("cargo xtask e2e --repo ../app -- b.spec.ts:7"));
        let again = self::again("--repo test test", "test", "test-ui", &["b.spec.ts"]);
        assert_eq!(again.as_deref(), Some("cargo xtask --repo test test-ui -- b.spec.ts"));
    }

    #[test]
    fn what_is_no_task_has_no_command() {
        assert_eq!(again("test-sql", "test-sql", "sql", &["x"]), None);
        assert_eq!(again("clean", "clean", "clean", &["x"]), None);
        assert_eq!(again("e2e", "e2e", "e2e", &[]), None);
    }
}
