//! The command line: the options of every task, and the list of tasks for people.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, ValueEnum};
use xtask_engine::session::StandIns;

use crate::cmd::{Command, GROUPS};
use crate::images::Override;

/// The test automation of this repository: containers as code, every step cached.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true,
    max_term_width = 100,
    override_usage = "cargo xtask TASK [OPTIONS]",
    after_help = "\
Examples:
  cargo xtask test                               both unit test suites, in parallel
  cargo xtask e2e -- login.spec.ts               what follows -- is for the test command
  cargo xtask test -q --junit results.xml        failures only, and all tests in a file
  cargo xtask ci --progress json | jq .event     what happens, for programs

Each task has its own --help. A first run: cargo xtask setup"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Headings of the options.
const WHAT: &str = "What runs";
const ENGINE: &str = "Engine and images";
pub const TOLD: &str = "Output and records";

/// Options of every task.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The application's repository: a folder with web/crux, web/crux-ui and web/kratos
    #[arg(long, global = true, help_heading = WHAT, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// The container engine: a URL (unix, tcp, ssh), a socket or a Docker context
    #[arg(long, global = true, help_heading = ENGINE, value_name = "ENGINE")]
    pub engine: Option<String>,
    /// The platform of images and steps, like linux/arm64 [default: the engine's]
    #[arg(long, global = true, help_heading = ENGINE, value_name = "OS/ARCH")]
    pub platform: Option<String>,
    /// When images made here take the place of those of a registry [default: auto; never in GitHub Actions]
    #[arg(long, global = true, help_heading = ENGINE, value_name = "WHEN")]
    pub stand_ins: Option<When>,
    /// Run every step again (what cache volumes hold stays)
    #[arg(long, global = true, help_heading = WHAT)]
    pub no_cache: bool,
    /// Run the tests again; the steps before them stay cached
    #[arg(long, global = true, help_heading = WHAT)]
    pub rerun: bool,
    /// Bring coverage, JUnit, screenshots and complete logs to DIR, also when tests fail
    #[arg(long, global = true, help_heading = TOLD, value_name = "DIR")]
    pub export: Option<PathBuf>,
    /// Stop after this time, like 90s or 10m, and bring out what there is
    #[arg(long, global = true, help_heading = WHAT, value_name = "TIME", value_parser = time_limit)]
    pub timeout: Option<Duration>,
    /// How long a service may take to be ready; a job may take ten times as long [default: 1m]
    #[arg(long, global = true, help_heading = WHAT, value_name = "TIME", value_parser = time_limit)]
    pub ready_timeout: Option<Duration>,
    /// Write a JUnit file of all tests of the run, also when they fail
    #[arg(long, global = true, help_heading = TOLD, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Another image for a part of the stack, like database=postgres:16-alpine
    #[arg(long, global = true, help_heading = ENGINE, value_name = "PART=IMAGE")]
    pub image: Vec<Override>,
    /// Where the run's record goes [default: a new folder in target/xtask/runs]
    #[arg(long, global = true, help_heading = TOLD, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Write the run's times to FILE, for Perfetto or chrome://tracing
    #[arg(long, global = true, help_heading = TOLD, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// How the run is told [default: tty in a terminal, github in GitHub Actions, else plain]
    #[arg(long, global = true, help_heading = TOLD, value_name = "HOW", value_enum)]
    pub progress: Option<Progress>,
    /// Tell failures only
    #[arg(short, long, global = true, help_heading = TOLD, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell more
    #[arg(short, long, global = true, help_heading = TOLD)]
    pub verbose: bool,
    /// Colours
    #[arg(long, global = true, help_heading = TOLD, value_name = "WHEN", default_value = "auto")]
    pub color: clap::ColorChoice,
}

/// How a run is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// What runs, what waits and how long, live, for terminals
    Tty,
    /// One line an event, for pipes and logs
    Plain,
    /// Groups, annotations and a job summary, for GitHub Actions
    Github,
    /// One event a line as JSON, for programs (xtask/engine/docs/events.md)
    Json,
}

/// When stand-ins are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Where the engine does not have the image and its registry cannot be reached
    Auto,
    /// Never
    Never,
    /// Wherever there is a recipe
    Only,
}

impl From<When> for StandIns {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Never => Self::Never,
            When::Only => Self::Only,
        }
    }
}

fn time_limit(text: &str) -> Result<Duration, String> {
    let limit = humantime::parse_duration(text).map_err(|_| "write it like 90s, 10m or 1h 30m".to_owned())?;
    if limit.is_zero() { Err("it must be more than nothing".into()) } else { Ok(limit) }
}

/// Reads the command line of this process, and ends it where that is told best: for help, and for
/// what cannot be understood.
pub fn parse() -> Cli {
    let asks_for_help = std::env::args_os().any(|arg| arg == "-h" || arg == "--help");
    let command = if asks_for_help { with_own_options(with_groups()) } else { with_groups() };
    Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

/// Options that mean something only where tests run, and only where pipelines or services do.
const OF_TESTS: [&str; 3] = ["rerun", "export", "junit"];
const OF_PIPELINES: [&str; 8] =
    ["no_cache", "timeout", "ready_timeout", "platform", "stand_ins", "image", "record", "trace"];
/// Tasks that run no tests.
const WITHOUT_TESTS: [&str; 7] = ["crux", "crux-ui", "up", "restart", "setup", "doctor", "images"];
/// Tasks that run no pipelines and no tests.
const WITHOUT_PIPELINES: [&str; 14] = [
    "down",
    "ps",
    "logs",
    "exec",
    "shell",
    "open",
    "env",
    "generate",
    "runs",
    "report",
    "completions",
    "version",
    "cache",
    "clean",
];

/// The command line whose tasks do not show, in their help, options of every task that mean nothing to
/// them. (They are taken all the same, so that one set of them can go to any task.)
fn with_own_options(mut command: clap::Command) -> clap::Command {
    command.build();
    command.mut_subcommands(|task| {
        let runs_pipelines = !WITHOUT_PIPELINES.contains(&task.get_name());
        let runs_tests = runs_pipelines && !WITHOUT_TESTS.contains(&task.get_name());
        let hide = |option: clap::Arg| {
            let id = option.get_id().as_str();
            let is_foreign =
                OF_TESTS.contains(&id) && !runs_tests || OF_PIPELINES.contains(&id) && !runs_pipelines;
            if is_foreign { option.hide(true) } else { option }
        };
        task.mut_args(hide).mut_subcommands(|part| part.mut_args(hide))
    })
}

/// The command line, with the tasks by group in its help: they take the place of clap's own list.
fn with_groups() -> clap::Command {
    let command = Cli::command();
    let template = format!("{{about}}\n\n{}\n{{all-args}}{{after-help}}", tasks(&command));
    command.help_template(template).mut_subcommands(|task| task.hide(true))
}

/// How it is called and the tasks, grouped, one line each.
fn tasks(command: &clap::Command) -> String {
    let mut text = String::from("Usage: cargo xtask TASK [OPTIONS]\n");
    for (group, modules) in GROUPS {
        text += &format!("\n{group}:\n");
        for module in *modules {
            let name = module.replace('_', "-");
            let about = command.find_subcommand(&name).and_then(|task| task.get_about());
            text += &format!("  {name:<12} {}\n", about.map(ToString::to_string).unwrap_or_default());
        }
    }
    text
}

/// Prints the tasks.
pub fn print_tasks() -> i32 {
    use std::io::Write;
    let text = tasks(&Cli::command()) + "\nEach task has its own --help. A first run: cargo xtask setup\n";
    match anstream::stdout().write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(_) => crate::exit::OUTPUT_CLOSED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_task_is_in_a_group_and_says_what_it_does_in_one_line() {
        let command = Cli::command();
        let listed: Vec<String> =
            GROUPS.iter().flat_map(|(_, modules)| *modules).map(|module| module.replace('_', "-")).collect();
        for task in command.get_subcommands() {
            assert!(listed.iter().any(|name| name == task.get_name()), "{} is in no group", task.get_name());
            let about = task.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && about.len() < 86, "{}: {about:?}", task.get_name());
        }
    }

    #[test]
    fn every_option_of_every_task_is_under_a_heading() {
        let command = Cli::command();
        for option in command.get_arguments() {
            let heading = option.get_help_heading().unwrap_or_default();
            assert!([WHAT, ENGINE, TOLD].contains(&heading), "{} is under {heading:?}", option.get_id());
        }
    }

    #[test]
    fn every_task_that_takes_something_has_an_example_of_its_own() {
        for task in Cli::command().get_subcommands() {
            let help = task.get_after_help().map(ToString::to_string).unwrap_or_default();
            let takes = task.get_arguments().count() + task.get_subcommands().count() > 0;
            let example = format!("cargo xtask {}", task.get_name());
            assert!(!takes || help.contains(&example), "{}: {help:?}", task.get_name());
        }
    }

    #[test]
    fn paragraphs_of_help_have_the_width_of_the_terminal() {
        for task in Cli::command().get_subcommands() {
            let help = task.get_after_help().map(ToString::to_string).unwrap_or_default();
            let is_prose = |line: &str| !line.is_empty() && !line.starts_with(' ') && !line.ends_with(':');
            let lines: Vec<&str> = help.lines().collect();
            for pair in lines.windows(2).filter(|pair| is_prose(pair[0])) {
                assert_eq!(pair[1], "", "{}: not one line: {}", task.get_name(), pair[0]);
            }
        }
    }

    #[test]
    fn the_help_of_a_task_shows_what_means_something_to_it() {
        let mut command = with_own_options(with_groups());
        for id in OF_TESTS.iter().chain(&OF_PIPELINES) {
            assert!(command.get_arguments().any(|option| option.get_id() == id), "{id}");
        }
        let mut shown = |name: &str, option: &str| {
            let task = command.find_subcommand_mut(name).unwrap_or_else(|| panic!("no task {name}"));
            task.render_long_help().to_string().contains(option)
        };
        for task in WITHOUT_TESTS.iter().chain(&WITHOUT_PIPELINES) {
            assert!(!shown(task, "--junit") && shown(task, "--quiet"), "{task}");
        }
        assert!(shown("test-crux", "--junit") && shown("up", "--platform") && !shown("ps", "--platform"));
        let runs = command.find_subcommand_mut("runs").and_then(|runs| runs.find_subcommand_mut("show"));
        assert!(!runs.expect("runs show").render_long_help().to_string().contains("--junit"));
    }

    #[test]
    fn help_names_each_task_once_in_its_group() {
        let help = with_groups().render_help().to_string();
        for name in GROUPS.iter().flat_map(|(_, modules)| *modules).map(|module| module.replace('_', "-")) {
            let lines = help.lines().filter(|line| line.starts_with(&format!("  {name} ")));
            assert_eq!(lines.count(), 1, "{name} in {help}");
        }
        assert!(help.contains(&format!("\n{TOLD}:\n")), "{help}");
    }
}
