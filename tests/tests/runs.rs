//! What is kept of runs, and how people get at it.

use std::path::Path;
use std::process::{Command, Output};

use tests::{Fixture, binary, wait_until};

/// Runs a task whose record goes where records go.
fn task(repo: &Fixture, args: &[&str], code: i32) -> String {
    let Output { status, stdout, stderr } = Command::new(binary())
        .args(args)
        .arg("--repo")
        .arg(repo.root())
        .env("CARGO_TARGET_DIR", repo.path("target"))
        .env_remove("GITHUB_ACTIONS")
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary");
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(code), "{args:?}: {text}");
    text
}

/// Lines of a listing, as words.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect()
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, |entries| entries.flatten().count())
}

#[test]
fn runs_are_listed_and_a_cached_step_still_tells_what_it_said() {
    let repo = Fixture::new();
    assert_eq!(task(&repo, &["runs"], 0), "no run is on record; `cargo xtask test` makes one\n");
    assert!(task(&repo, &["runs", "show"], 2).contains("no run is on record yet"));

    let first = task(&repo, &["test-crux"], 0);
    assert!(first.contains("PASSED test-crux: 2 passed\n"), "{first}");
    let said = |text: &str, what: &str| {
        text.lines().find_map(|line| line.split_once(what)).map(|(_, number)| number.trim().to_owned())
    };
    let (generated, nonce) = (said(&first, "generated "), said(&first, "nonce "));
    assert!(generated.is_some() && nonce.is_some(), "{first}");

    let second = task(&repo, &["test-crux"], 0);
    assert!(second.contains("PASSED test-crux: 2 passed, CACHED (ran "), "{second}");
    assert_eq!(said(&second, "generated "), None, "BuildKit does not say it again");
    // Of the last run, in which nothing ran.
    assert_eq!(said(&task(&repo, &["runs", "show", "--step", "prisma:gen"], 0), "generated "), generated);
    assert_eq!(said(&task(&repo, &["runs", "show", "last", "--step", "npm run test"], 0), "nonce "), nonce);
    let shown = task(&repo, &["runs", "show"], 0);
    let has = |status: &str, step: &str| {
        shown.lines().any(|line| line.trim_start().starts_with(status) && line.contains(step))
    };
    assert!(has("CACHED ran ", "exec npm run prisma:gen"), "{shown}");
    assert!(has("unchanged", "from node:20-alpine"), "{shown}");

    repo.write("web/crux/verdict", "3");
    let failed = task(&repo, &["test-crux"], 1);
    let again = failed.lines().find_map(|line| line.trim().strip_prefix("again: "));
    let again = again.unwrap_or_else(|| panic!("a command that runs it again: {failed}"));
    assert!(again.starts_with("cargo xtask test-crux --repo "), "{again}");
    assert!(again.ends_with(" -- src/value.spec.ts --testNamePattern '^verdict is 0$'"), "{again}");

    let listed = task(&repo, &["runs"], 0);
    let rows = rows(&listed);
    let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
    assert_eq!(column(2), ["result", "1 of 2 failed", "2 passed", "2 passed"], "{listed}");
    assert_eq!(column(4)[2], "6 of 6", "{listed}");
    assert_eq!(count(&repo.path("target/xtask/runs")), 3, "listing makes no record");

    let oldest = column(5)[3];
    assert!(task(&repo, &["runs", "show", oldest], 0).contains("2 passed after"));
    assert!(
        task(&repo, &["runs", "show", "--step", "verdict is"], 2).contains("no step or service of that run")
    );
    assert!(task(&repo, &["runs", "show", "--step", "npm"], 2).contains("give more of one of them"));
    assert!(task(&repo, &["runs", "show", "nothing"], 2).contains("there is no record of a run nothing"));
}

#[test]
fn a_run_that_was_killed_is_on_record() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", "console.log('begun'); setInterval(() => {}, 1000)");
    let mut started = Command::new(binary());
    started.args(["test-ui", "--repo"]).arg(repo.root()).env("CARGO_TARGET_DIR", repo.path("target"));
    started.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut run = started.spawn().expect("the binary");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(run.stdout.take().expect("its output")));
    let begun = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("begun")));
    assert!(begun.is_some(), "it runs");
    // What is printed is on record a moment later.
    let record = || {
        let runs = std::fs::read_dir(repo.path("target/xtask/runs")).expect("the records").flatten();
        runs.map(|run| std::fs::read_to_string(run.path().join("events.jsonl")).unwrap_or_default())
    };
    let is_told =
        |events: String| events.lines().any(|line| line.contains("step_log") && line.contains("begun"));
    wait_until("its output on record", || record().any(is_told).then_some(()));
    let goes_on = task(&repo, &["runs"], 0);
    assert_eq!(rows(&goes_on)[1][2], "goes on", "{goes_on}");
    run.kill().expect("a signal");
    run.wait().expect("its end");
    let listed = task(&repo, &["runs"], 0);
    assert_eq!(rows(&listed)[1][2], "was killed", "{listed}");
    let shown = task(&repo, &["runs", "show"], 0);
    assert!(
        shown.lines().any(|line| line.contains("did not end") && line.contains("npm run test")),
        "{shown}"
    );
    assert!(task(&repo, &["runs", "show", "--step", "npm run test"], 0).contains("begun"));
}

#[test]
fn output_without_measure_is_kept_with_its_beginning_and_its_end() {
    let repo = Fixture::new();
    let line = "'x'.repeat(1023) + '\\n'";
    repo.write(
        "web/crux-ui/extra.js",
        &format!(
            "const fs = require('fs'); const many = ({line}).repeat(1024)\n\
             fs.writeSync(1, 'the first line\\n')\n\
             const all = (text) => {{ for (let at = 0; at < text.length;) try {{ at += fs.writeSync(1, text.slice(at)) }} catch (error) {{ if (error.code !== 'EAGAIN') throw error }} }}\n\
             for (let i = 0; i < 100; i++) all(many)\n\
             all('the last line\\n')\n"
        ),
    );
    let run = repo.run(&["test-ui"]).expect(0);
    let log = run.record.join("test-ui/output.log");
    let size = std::fs::metadata(&log).expect("its log").len();
    assert!((64 << 20..66 << 20).contains(&size), "{size}");
    let text = std::fs::read_to_string(&log).expect("text");
    assert!(text.contains("the first line") && text.contains("the last line"));
    assert!(text.contains("what came here is left out"));
    let events = std::fs::metadata(run.record.join("events.jsonl")).expect("events").len();
    assert!(events < 2 << 20, "{events}");
    let files: Vec<_> = std::fs::read_dir(run.record.join("test-ui")).expect("files").flatten().collect();
    assert!(files.iter().all(|file| !file.file_name().to_string_lossy().starts_with('.')), "{files:?}");
}
