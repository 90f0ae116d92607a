//! The command line: the options of every task, and the list of tasks for people.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, ValueEnum};
use xtask_engine::session::StandIns;

use crate::cmd::{Command, GROUPS};
use crate::images::Override;

/// The test automation of this repository: containers as code, every step cached.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every task.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every task")]
pub struct Global {
    /// The application's repository: a folder with web/crux, web/crux-ui and web/kratos
    #[arg(long, global = true, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// The container engine: a URL (unix, tcp, ssh), a socket or a Docker context
    #[arg(long, global = true, value_name = "ENGINE")]
    pub engine: Option<String>,
    /// The platform of images and steps, like linux/arm64 [default: the engine's]
    #[arg(long, global = true, value_name = "OS/ARCH")]
    pub platform: Option<String>,
    /// When images made here take the place of those of a registry [default: auto; never in GitHub Actions]
    #[arg(long, global = true, value_name = "WHEN")]
    pub stand_ins: Option<When>,
    /// Run every step again (what cache volumes hold stays)
    #[arg(long, global = true)]
    pub no_cache: bool,
    /// Run the tests again; the steps before them stay cached
    #[arg(long, global = true)]
    pub rerun: bool,
    /// Bring coverage, JUnit, screenshots and complete logs to DIR, also when tests fail
    #[arg(long, global = true, value_name = "DIR")]
    pub export: Option<PathBuf>,
    /// Stop after this time, like 90s or 10m, and bring out what there is
    #[arg(long, global = true, value_name = "TIME", value_parser = time_limit)]
    pub timeout: Option<Duration>,
    /// How long a service may take to be ready; a job may take ten times as long [default: 1m]
    #[arg(long, global = true, value_name = "TIME", value_parser = time_limit)]
    pub ready_timeout: Option<Duration>,
    /// Write a JUnit file of all tests of the run, also when they fail
    #[arg(long, global = true, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Another image for a part of the stack, like database=postgres:16-alpine
    #[arg(long, global = true, value_name = "PART=IMAGE")]
    pub image: Vec<Override>,
    /// Where the run's record goes [default: a new folder in target/xtask/runs]
    #[arg(long, global = true, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// How the run is told [default: tty in a terminal, github in GitHub Actions, else plain]
    #[arg(long, global = true, value_name = "HOW", value_enum)]
    pub progress: Option<Progress>,
    /// Tell failures only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: clap::ColorChoice,
}

/// How a run is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Progress {
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

/// Prints the tasks, grouped, one line each.
pub fn print_tasks() -> i32 {
    use std::io::Write;
    let command = Cli::command();
    let mut text = String::from("Usage: cargo xtask TASK [OPTIONS]\n");
    for (group, modules) in GROUPS {
        text += &format!("\n{group}:\n");
        for module in *modules {
            let name = module.replace('_', "-");
            let about = command.find_subcommand(&name).and_then(|task| task.get_about());
            text += &format!("  {name:<12} {}\n", about.map(ToString::to_string).unwrap_or_default());
        }
    }
    text += "\nEach task has its own --help. A first run: cargo xtask setup\n";
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
}
