//! What it costs to build xtask: from nothing, against a bare program with the packages that the
//! design names; and from a changed task to running it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::report::{Row, Unit};
use super::statistics::Samples;
use super::{Bench, fixtures, measure};
use crate::project::workspace;

/// A clean build takes minutes: fewer rounds than elsewhere.
const ROUNDS: usize = 2;
/// Edits of a task.
const EDITS: usize = 5;
/// Seconds from a changed task to running it.
const EDIT_LIMIT: f64 = 3.0;

/// The packages that the design names, as one takes them who wants to try them.
const BARE: &str = r#"[package]
name = "bare"
version = "0.0.0"
edition = "2024"

[dependencies]
anyhow = "1"
bollard = "0.21"
clap = { version = "4.6", features = ["derive"] }
dotenvy = "0.15"
tokio = { version = "1", features = ["full"] }
url = "2"
xshell = "0.2"

[workspace]
"#;

/// The case.
pub fn build(bench: &Bench<'_>, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let ours = bench.scratch.join("build/xtask");
    let bare = bench.scratch.join("build/bare");
    copy_workspace(&ours)?;
    fs::create_dir_all(bare.join("src"))?;
    fs::write(bare.join("Cargo.toml"), BARE)?;
    fs::write(bare.join("src/main.rs"), "fn main() {}\n")?;
    fs::copy(workspace().join("Cargo.lock"), bare.join("Cargo.lock"))?; // the same versions
    measure::time(&mut cargo(&bare, "fetch")).context("the bare program's packages cannot be fetched")?;
    measure::time(&mut cargo(&ours, "fetch"))?;
    let mut clean_ours = |_| clean_build(&ours, &["--package", "xtask"]);
    let mut clean_bare = |_| clean_build(&bare, &[]);
    bench.say("building xtask and the bare program, each from nothing: this takes minutes");
    let [built, bared] = bench.take_turns_cold("build", ROUNDS, [&mut clean_ours, &mut clean_bare])?;
    rows.push(Row::ratio("build", "from nothing", ("xtask", &built), ("bare program", &bared), 1.25));
    let mut edited = Samples::default();
    for round in 0..=EDITS {
        bench.go_on()?;
        let task = ours.join("xtask/src/cmd/test_ui.rs");
        let text = fs::read_to_string(&task)?;
        fs::write(&task, format!("{text}// round {round}\n"))?;
        let seconds =
            measure::time(cargo(&ours, "run").args(["--quiet", "--package", "xtask", "--", "--help"]))?;
        if round > 0 {
            edited.add(seconds);
        }
    }
    let median = edited.median();
    rows.push(Row::value("build", "a changed task", "xtask", &edited, Unit::Seconds, median, EDIT_LIMIT));
    Ok(())
}

/// Without the sample and whatever tools made.
fn copy_workspace(to: &Path) -> anyhow::Result<()> {
    let from = workspace();
    fs::create_dir_all(to)?;
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(from.join(file), to.join(file))?;
    }
    fixtures::copy(&from.join("xtask"), &to.join("xtask"))?;
    fixtures::copy(&from.join("tests/src"), &to.join("tests/src"))?;
    fs::copy(from.join("tests/Cargo.toml"), to.join("tests/Cargo.toml"))?;
    Ok(())
}

fn clean_build(folder: &Path, args: &[&str]) -> anyhow::Result<f64> {
    super::cases::clear(&folder.join("target"))?;
    measure::time(cargo(folder, "build").args(args))
}

/// Cargo in `folder`, with a target folder of its own.
fn cargo(folder: &Path, verb: &str) -> Command {
    let mut command = Command::new("cargo");
    command.arg(verb).current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"));
    // What cargo told us, it shall not be told in turn: it would build for this workspace.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG") || name == "CARGO_MANIFEST_DIR") {
            command.env_remove(name);
        }
    }
    command
}
