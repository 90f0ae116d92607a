//! Output that nobody reads, folders that cannot be written, an unusual environment.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use tests::{Fixture, Started, soon, wait_until, wait_until_gone, wait_until_running};

/// A test command that prints a line whenever somebody looks, for ever.
const CHATTER: &str = "console.log('begun'); setInterval(() => console.log('more'), 20)";

#[test]
fn output_that_is_closed_early_ends_the_run_and_its_step() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", CHATTER);
    let token = format!("--token={}", repo.new_record().display());
    let mut started = repo.start(&["test-ui", "--", &token]);
    let mut output = BufReader::new(started.child.stdout.take().expect("its output"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    assert!(line.contains("node:20-alpine"), "{line}");
    started.wait_for_output("begun");
    wait_until_running(&token);
    drop(output);
    let run = started.finish().expect(141);
    assert_eq!(run.stderr, "");
    wait_until_gone(&token);
}

#[test]
fn closed_and_full_outputs_are_survived() {
    let repo = Fixture::new();
    repo.run(&["test-ui"]).expect(0);
    for (redirection, code) in [(">&-", 0), (">&- 2>&- <&-", 0), (">/dev/full", 141)] {
        let record = repo.new_record();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec \"$@\" {redirection}"), "sh"]);
        command.args(repo.command_line(&["test-ui"], &record));
        let run = Started::of(command, &record).finish().expect(code);
        assert_eq!(run.stderr, "", "{redirection}");
    }
    let list =
        Command::new("sh").args(["-c", "\"$0\" >/dev/full"]).arg(tests::binary()).output().expect("sh");
    assert_eq!(list.status.code(), Some(141));
    assert!(list.stderr.is_empty());
}

#[test]
fn a_record_or_an_export_that_cannot_be_written() {
    let repo = Fixture::new();
    let run = repo.run(&["test-ui", "--export", "/proc/nowhere"]).expect(3);
    run.sentence(&[
        "cannot write /proc/nowhere: no such file or directory; correct the path, or name another",
    ]);
    assert!(run.all("step_started").is_empty(), "told before the tests run, not after them");
    repo.write("out/test-ui", "");
    let out = repo.path("out").display().to_string();
    let run = repo.run(&["test-ui", "--export", &out]).expect(3);
    run.sentence(&["/out/test-ui: the file ", "/out/test-ui is in the way; move it, or name another folder"]);
    assert!(run.all("step_started").is_empty(), "told before the tests run, not after them");

    let run = repo.run_after("mkdir -p \"$2\"; mount -t tmpfs -o ro tmpfs \"$2\"", &["test-ui"]).expect(3);
    run.sentence(&["cannot write ", "read-only file system; make it writable, or name another folder"]);

    // As a checkout of somebody else, without --record.
    let line = repo.command_line(&["test-ui"], &repo.new_record());
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .args(&line[..line.len() - 2])
        .env("CARGO_TARGET_DIR", "/proc/target")
        .output()
        .expect("setpriv");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(
        text.starts_with(
            "error: cannot keep a record of the run (--record): cannot write /proc/target/xtask/"
        )
    );
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn a_full_disk_under_the_record_or_the_export() {
    let repo = Fixture::new();
    let large = "require('fs').writeFileSync(process.env.XTASK_RESULTS + '/large', Buffer.alloc(4 << 20))";
    repo.write("web/crux-ui/extra.js", large);
    let full = "no space left on device; make room on that disk, or name another folder";
    let small = "mount -t tmpfs -o size=1m tmpfs";
    let run = repo.run_after(&format!("mkdir -p \"$2\"; {small} \"$2\""), &["test-ui"]).expect(3);
    run.sentence(&["cannot write ", "/test-ui: ", full]);
    let export = repo.path("out");
    fs::create_dir(&export).expect("a folder");
    let export = export.display().to_string();
    let run = repo.run_after(&format!("{small} {export}"), &["test-ui", "--export", &export]).expect(3);
    run.sentence(&["cannot write ", "/out/test-ui/", full]);
}

#[test]
fn two_runs_do_not_share_a_record() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", "console.log('begun'); setInterval(() => {}, 1000)");
    let mut first = repo.start(&["test-ui"]);
    first.wait_for_output("begun");
    let record = repo.path(".runs/0").display().to_string();
    let output = Command::new(tests::binary())
        .args(["test-ui", "--record", &record, "--repo"])
        .arg(repo.root())
        .output()
        .expect("the binary");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(
        text.contains(&format!("another run writes its record to {record}; wait for it, or name")),
        "{text}"
    );
    let (run, _) = first.end_by("INT");
    assert_eq!(run.expect(130).all("run_finished").len(), 1, "its events are whole");
    // The lock goes with the run.
    repo.write("web/crux-ui/extra.js", "");
    let again = Command::new(tests::binary())
        .args(["test-ui", "-q", "--record", &record, "--repo"])
        .arg(repo.root())
        .status()
        .expect("the binary");
    assert!(again.success());
}

#[test]
fn without_a_home_and_from_anywhere() {
    let repo = Fixture::new();
    for line in ["unset HOME XDG_STATE_HOME XDG_RUNTIME_DIR; cd /", "export HOME=/proc/nowhere; cd /proc"] {
        let record = repo.new_record();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{line}; exec \"$@\""), "sh"]);
        command.args(repo.command_line(&["test-ui"], &record));
        let run = Started::of(command, &record).finish().expect(0);
        assert_eq!(run.stderr, "");
    }
    // Paths are taken from where the command is given.
    let mut command = Command::new(tests::binary());
    command.args(["test-ui", "--repo", ".", "--record", ".runs/relative", "--export", "out"]);
    command.current_dir(repo.root());
    Started::of(command, &repo.path(".runs/relative")).finish().expect(0);
    assert!(repo.path("out/test-ui/junit.xml").is_file());
}

#[test]
fn a_reader_that_stalls_does_not_keep_a_run_from_being_stopped() {
    let repo = Fixture::new();
    let much = "for (let i = 0; i < 100000; i++) console.log('line ' + i)\nsetTimeout(() => {}, 3600000)\n";
    repo.write("web/crux-ui/extra.js", much);
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\"", "sh"]);
    command.args(repo.command_line(&["test-ui"], &repo.new_record()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut run = command.spawn().expect("the run starts");
    let started = Instant::now();
    // Nobody reads: one of its threads is held in write(1, …), call number 1 on x86_64, 64 on arm64.
    let number = if cfg!(target_arch = "aarch64") { 64 } else { 1 };
    let held = || -> bool {
        let tasks = fs::read_dir(format!("/proc/{}/task", run.id())).expect("its threads");
        tasks.flatten().any(|task| {
            let call = fs::read_to_string(task.path().join("syscall")).unwrap_or_default();
            call.starts_with(&format!("{number} 0x1 "))
        })
    };
    // More than a passing moment: the same at many looks in a row.
    let is_held = || (0..20).all(|_| held());
    wait_until("the reader to be missed", || is_held().then_some(()));
    let (soon, begun) = (soon(started), Instant::now());
    let sent = Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(sent.expect("kill").success());
    assert_eq!(run.wait().expect("its end").code(), Some(130));
    assert!(begun.elapsed() < soon, "{:?}", begun.elapsed());
}
