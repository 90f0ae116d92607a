//! Runs that are stopped: by the user, by the system, by the engine's end.

use std::fs;

use tests::{Fixture, OwnEngine, Run, Started, Stub, wait_until_gone, wait_until_running};

/// A test command that says that it has begun and then waits for ever.
const WAITS: &str = "console.log('begun'); setInterval(() => {}, 1000)";

/// Stopped by `signal` at once, with the right code and nothing but the sentence.
#[track_caller]
fn stops(started: Started, signal: &str, code: i32) -> Run {
    let soon = started.soon();
    let (run, took) = started.end_by(signal);
    let run = run.expect(code);
    assert!(took < soon, "{took:?}");
    let words = if code == 130 { "stopped by Ctrl-C" } else { "stopped by a signal" };
    run.sentence(&[words]);
    assert_eq!(run.all("run_finished")[0]["exit_code"], code);
    run
}

/// A word for a command line that no other process has.
fn token(repo: &Fixture) -> String {
    format!("--token={}", repo.root().file_name().expect("a name").to_string_lossy())
}

#[test]
fn a_signal_during_the_test_stops_it_on_the_engine_too() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 143)] {
        let repo = Fixture::new();
        repo.write("web/crux-ui/extra.js", WAITS);
        let token = token(&repo);
        let mut started = repo.start(&["test-ui", "--", &token]);
        started.wait_for_output("begun");
        wait_until_running(&token);
        let run = stops(started, signal, code);
        assert_eq!(run.outcome("test npm run test"), "canceled");
        wait_until_gone(&token);
    }
}

#[test]
fn a_signal_during_a_command_of_ci_stops_it_too() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let repo = Fixture::new();
        let token = token(&repo);
        let waits = format!("exec sh -c 'while :; do sleep 0.1; done' {token}");
        repo.write_program("bin/cargo", &format!("#!/bin/sh\necho begun\n{waits}\n"));
        let path = format!("{}:{}", repo.path("bin").display(), std::env::var("PATH").expect("PATH"));
        let mut started = repo.start_with(&["ci"], &[("PATH", &path)]);
        started.wait_for("its output", |event| event["event"] == "output" && event["line"] == "begun");
        wait_until_running(&token);
        stops(started, signal, code);
        wait_until_gone(&token);
    }
}

#[test]
fn ctrl_c_during_npm_ci() {
    let repo = Fixture::new();
    let manifest = fs::read_to_string(repo.path("web/crux-ui/package.json")).expect("the manifest");
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let token = token(&repo);
    let script = format!("echo begun; node -e 'setInterval(() => 0, 1000)' -- {token}");
    manifest["scripts"]["preinstall"] = script.into();
    repo.write("web/crux-ui/package.json", &manifest.to_string());
    repo.write("web/crux-ui/.npmrc", "foreground-scripts=true\n");
    let mut started = repo.start(&["test-ui"]);
    started.wait_for_output("begun");
    wait_until_running(&token);
    let run = stops(started, "INT", 130);
    assert_eq!(run.outcome("exec npm ci"), "canceled");
    wait_until_gone(&token);
}

#[test]
fn ctrl_c_during_an_upload() {
    let repo = Fixture::new();
    let large = fs::File::create(repo.path("web/crux-ui/large")).expect("a file");
    large.set_len(8 << 30).expect("room");
    let mut started = repo.start(&["test-ui"]);
    started.wait_for_reading(64 << 20);
    let run = stops(started, "INT", 130);
    assert!(run.all("test_finished").is_empty());
    // What was sent by halves is not taken for the whole.
    large.set_len(1).expect("room");
    repo.write("web/crux-ui/extra.js", "console.log('large', require('fs').statSync('large').size)");
    let output = repo.run(&["test-ui"]).expect(0).output("test-ui");
    assert!(output.contains("large 1\n"), "{output}");
}

#[test]
fn ctrl_c_during_a_pull() {
    let (repo, stub) = (Fixture::new(), Stub::that_pulls_forever());
    let engine = stub.socket().display().to_string();
    let mut started = repo.start(&["test-ui", "--stand-ins", "never", "--engine", &engine]);
    started.wait_for("a pull", |event| event["event"] == "pull");
    stops(started, "INT", 130);
}

#[test]
fn the_time_limit_holds_during_a_pull_too() {
    let (repo, stub) = (Fixture::new(), Stub::that_pulls_forever());
    let engine = stub.socket().display().to_string();
    let run =
        repo.run(&["test-ui", "--stand-ins", "never", "--timeout", "1s", "--engine", &engine]).expect(1);
    run.sentence(&["test-ui: stopped by the time limit of 1 s"]);
}

#[test]
fn a_second_ctrl_c_leaves_at_once() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", WAITS);
    let token = token(&repo);
    let mut started = repo.start(&["test-ui", "--", &token]);
    started.wait_for_output("begun");
    started.signal("INT");
    started.signal("INT");
    let run = started.finish();
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    wait_until_gone(&token);
}

#[test]
fn an_engine_that_ends_in_the_middle() {
    let (repo, engine) = (Fixture::new(), OwnEngine::start(None));
    repo.write("web/crux-ui/extra.js", WAITS);
    let mut started = repo.start(&["test-ui", "--engine", &engine.address()]);
    started.wait_for_output("begun");
    let (soon, begun) = (started.soon(), std::time::Instant::now());
    engine.kill();
    let run = started.finish().expect(3);
    assert!(begun.elapsed() < soon, "{:?}", begun.elapsed());
    run.sentence(&["lost the container engine at ", &engine.address(), "the connection broke", "start it"]);
}

#[test]
fn an_engine_that_hangs_in_the_middle() {
    let (repo, engine) = (Fixture::new(), OwnEngine::start(None));
    repo.write("web/crux-ui/extra.js", WAITS);
    let start = || {
        let mut started = repo.start(&["test-ui", "--engine", &engine.address()]);
        started.wait_for_output("begun");
        started
    };
    let (first, second) = (start(), start());
    engine.hang();
    stops(second, "INT", 130);
    let run = first.finish().expect(3);
    run.sentence(&["lost the container engine at ", &engine.address(), "it does not answer any more"]);
}

#[test]
fn a_full_disk_of_the_engine() {
    let (repo, engine) = (Fixture::new(), OwnEngine::start(Some("1g")));
    // More than the disk has room for, whatever its images take.
    let large = fs::File::create(repo.path("web/crux-ui/large")).expect("a file");
    large.set_len(4 << 30).expect("room");
    let run = repo.run(&["test-ui", "--engine", &engine.address()]).expect(3);
    run.sentence(&["test-ui: the container engine's disk is full; make room", "cargo xtask cache prune"]);
    engine.fill_disk();
    // BuildKit's own records need room, too.
    let run = repo.run(&["cache", "ls", "--engine", &engine.address()]).expect(3);
    run.sentence(&["cannot list the cache: the container engine's disk is full; make room"]);
}
