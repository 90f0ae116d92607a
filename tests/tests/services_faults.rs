//! Parts of a stack that fail: which one, why, what it last said and where the rest is, and nothing
//! is left.

use std::time::Duration;

use tests::{Application, Run};

/// A test command that begins and then goes on for longer than anybody waits.
const LONG: &str = "console.log('begun')\nsetTimeout(() => {}, 600000)\n";

/// What is told of a failure: the block in the output and the sentence, without what differs from
/// run to run.
fn told(app: &Application, run: &Run) -> String {
    let begin = run.stdout.find("\nFAILED ").unwrap_or_else(|| panic!("no failure in {}", run.stdout));
    let block = &run.stdout[begin..];
    let end =
        block.find("its complete log: ").map_or(block.len(), |at| at + block[at..].find('\n').unwrap_or(0));
    let text = format!("{}\n\n{}", block[..end].trim(), run.stderr.trim_end());
    text.replace(&run.record.display().to_string(), "RECORD")
        .replace(&app.root().display().to_string(), "REPO")
}

/// The one failure that a run told; nothing of it is left in the engine.
#[track_caller]
fn failed(app: &Application, run: &Run, service: &str) {
    let failures = run.all("service_failed");
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0]["service"], service);
    assert_eq!(app.in_engine(), [""; 0]);
}

#[test]
fn a_migration_that_fails() {
    let app = Application::new();
    app.write(
        "web/crux/prisma/migrate.js",
        "console.log('2 migrations found')\nconsole.log('P3018: relation exists')\nprocess.exit(1)\n",
    );
    let run = app.run(&["crux"]).expect(1);
    run.sentence(&["crux-migrate failed, with exit code 1"]);
    insta::assert_snapshot!(told(&app, &run));
    assert!(run.service_log("crux-migrate").ends_with("P3018: relation exists\n"));
    let started =
        |event: &&&serde_json::Value| event["service"] == "crux" && event["state"]["kind"] == "starting";
    assert_eq!(run.all("service").iter().find(started), None, "nobody serves what is not migrated");
    failed(&app, &run, "crux-migrate");
}

#[test]
fn a_port_that_is_never_opened() {
    let app = Application::new();
    app.write(
        "web/crux-ui/server.js",
        "console.log('listening on the wrong port')\nrequire('http').createServer().listen(3001)\n",
    );
    let run = app.run(&["crux-ui", "--ready-timeout", "10s"]).expect(1);
    run.sentence(&["crux-ui was not ready within 10 s: ", "nothing listens on port 3000", "--ready-timeout"]);
    insta::assert_snapshot!(told(&app, &run));
    failed(&app, &run, "crux-ui");
}

#[test]
fn a_health_check_that_hangs() {
    let app = Application::new();
    app.write("web/crux/serve.js", "console.log('I listen')\nrequire('net').createServer().listen(1848)\n");
    // The database has so much time, too, and makes its data on a busy machine.
    let run = app.run(&["crux", "--ready-timeout", "30s"]).expect(1);
    run.sentence(&["crux was not ready within 30 s: GET :1848/api/health", "no answer within 3 s"]);
    insta::assert_snapshot!(told(&app, &run));
    failed(&app, &run, "crux");
}

#[test]
fn a_service_that_dies_while_the_tests_run_is_why_they_fail() {
    let app = Application::new();
    app.write("web/crux-ui/e2e/run.js", &format!("{LONG}fetch('http://crux:1848/die').catch(() => {{}})\n"));
    let mut started = app.start(&["e2e"]);
    started.wait_for_output("begun");
    let begun = std::time::Instant::now();
    let run = started.finish().expect(1);
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
    run.sentence(&["crux ended while it was needed, with exit code 7"]);
    insta::assert_snapshot!(told(&app, &run));
    let test = run.test();
    assert_eq!((&test["timed_out"], test["broken"].is_string()), (&false.into(), true), "{test}");
    assert!(run.output("e2e").contains("begun"), "what the tests said until then is kept");
    failed(&app, &run, "crux");
}

#[test]
fn a_disk_under_the_record_that_fills_up() {
    let app = Application::new();
    let large = "require('fs').writeFileSync(process.env.XTASK_RESULTS + '/large', Buffer.alloc(8 << 20))\n";
    app.write("web/crux-ui/e2e/run.js", large);
    let small = "mkdir -p \"$2\"; mount -t tmpfs -o size=2m tmpfs \"$2\"";
    let run = app.run_after(small, &["e2e"]).expect(3);
    run.sentence(&["cannot write ", "/e2e", "no space left on device; make room on that disk"]);
    assert_eq!(app.in_engine(), [""; 0]);
}

#[test]
fn a_log_that_cannot_be_kept_is_told_and_ends_nothing() {
    let app = Application::new();
    app.write("web/crux-ui/server.js", &format!(
        "{}\nfor (let i = 0; i < 40000; i++) console.log('a line of some length, for the disk to be full sooner', i)\n",
        // Once somebody has looked whether it is ready, and has had time to know.
        "require('net').createServer(() => setTimeout(() => process.exit(9), 6000)).listen(3000)"
    ));
    let small = "mkdir -p \"$2\"; mount -t tmpfs -o size=1m tmpfs \"$2\"";
    let run = app.run_after(small, &["crux-ui"]).expect(1);
    run.sentence(&["crux-ui ended while it was needed, with exit code 9"]);
    assert_eq!(run.stdout.matches("a log is not complete: cannot write ").count(), 1, "{}", run.stdout);
    assert_eq!(app.in_engine(), [""; 0]);
}
