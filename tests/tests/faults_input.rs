//! Wrong input: a command line, a repository, a lockfile. The program's own mistakes end with 2,
//! what a command in a step makes of its input with 1 and the command's own words.

use std::fs;
use std::process::Command;

use tests::{Fixture, Started, binary};

/// The exit code and standard error of a bare command line.
fn xtask(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(binary()).args(args).output().expect("the binary starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[track_caller]
fn usage(args: &[&str], parts: &[&str]) {
    let (code, text) = xtask(args);
    assert_eq!(code, Some(2), "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn unknown_commands_and_flags_are_met_with_the_nearest_one() {
    usage(&["tst-ui"], &["unrecognized subcommand 'tst-ui'", "'test-ui'"]);
    usage(&["test-ui", "--qiet"], &["unexpected argument '--qiet'", "'--quiet'"]);
    usage(&["test-ui", "-q", "-v"], &["'--quiet' cannot be used with '--verbose'"]);
    usage(&["test-ui", "login"], &["unexpected argument 'login'", "[-- <ARGS>...]"]);
}

#[test]
fn times_that_do_not_parse() {
    usage(&["test-ui", "--timeout", "soon"], &["'soon'", "--timeout", "write it like 90s, 10m or 1h 30m"]);
    usage(&["test-ui", "--timeout", "0s"], &["'0s'", "--timeout", "more than nothing"]);
}

#[test]
fn a_prune_that_nobody_can_be_asked_about() {
    // Where no engine is: what is refused is not tried.
    let repo = Fixture::new();
    let prune = |args: &[&str]| {
        let engine = ["cache", "prune", "--engine", "unix:///nowhere/docker.sock"];
        repo.start_with(&[&engine, args].concat(), &[("CI", "true")]).finish()
    };
    prune(&[]).expect(2).sentence(&["no terminal to ask on", "`cargo xtask cache prune --yes` empties it"]);
    prune(&["--yes"]).expect(3).sentence(&["/nowhere/docker.sock"]);
}

#[test]
fn a_repository_that_is_none() {
    let repo = Fixture::new();
    repo.write("file", "");
    let record = repo.new_record().display().to_string();
    let at = |path: &str| {
        let path = repo.path(path).display().to_string();
        let (code, text) = xtask(&["test-ui", "--record", &record, "--repo", &path]);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("; name a checkout of the application"), "{text}");
        (path, text)
    };
    let (path, text) = at("nowhere");
    assert!(text.contains(&format!("there is no folder {path};")), "{text}");
    let (path, text) = at("file");
    assert!(text.contains(&format!("{path} is not a folder;")), "{text}");
    let (path, text) = at("web");
    assert!(text.contains(&format!("{path} has no folder web/crux-ui;")), "{text}");
    std::os::unix::fs::symlink("loop", repo.path("loop")).expect("a link");
    let (path, text) = at("loop");
    assert!(text.contains(&format!("cannot read {path}: too many levels of symbolic links;")), "{text}");
}

#[test]
fn arguments_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let repo = Fixture::new();
    let nowhere = std::ffi::OsStr::from_bytes(b"/nowhere/\xff");
    let mut command = Command::new(binary());
    command.args(["test-ui", "--record"]).arg(repo.new_record()).arg("--repo").arg(nowhere);
    let run = Started::of(command, &repo.path(".runs/0")).finish().expect(2);
    run.sentence(&["there is no folder /nowhere/\u{fffd};"]);
    assert!(run.all("run_started")[0]["command"].to_string().ends_with("--repo /nowhere/\u{fffd}\""));
}

#[test]
fn a_record_where_a_folder_of_the_users_is() {
    let repo = Fixture::new();
    repo.write("test-ui/mine", "");
    let mut command = Command::new(binary());
    command.args(["test-ui", "--repo", ".", "--record", "."]).current_dir(repo.root());
    let run = Started::of(command, &repo.path(".")).finish().expect(2);
    run.sentence(&[". is not empty and no earlier record", "name a new or an empty folder with --record"]);
    assert!(repo.path("test-ui/mine").exists() && !repo.path("events.jsonl").exists());
}

#[test]
fn runs_without_a_pipeline_leave_no_record() {
    let target = tempfile::tempdir().expect("a folder");
    let run = Command::new(binary())
        .args(["test-ui", "--repo", "/nowhere"])
        .env("CARGO_TARGET_DIR", target.path())
        .output()
        .expect("the binary starts");
    assert_eq!(run.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&run.stdout), "", "nothing ran");
    let runs = fs::read_dir(target.path().join("xtask/runs")).expect("the records");
    assert_eq!(runs.count(), 0);
}

#[test]
fn manifests_that_are_missing() {
    let repo = Fixture::new();
    for file in ["package-lock.json", "package.json"] {
        fs::remove_file(repo.path("web/crux-ui").join(file)).expect("a file");
        let run = repo.run(&["test-ui"]).expect(2);
        run.sentence(&["web/crux-ui has no ", file, "`npm ci` needs; run `npm install` there"]);
    }
    fs::remove_dir_all(repo.path("web/crux/prisma")).expect("a folder");
    repo.run(&["test-crux"]).expect(2).sentence(&["has no folder web/crux/prisma"]);
}

#[test]
fn manifests_that_are_no_json_are_told_before_anything_runs() {
    let repo = Fixture::new();
    let breaks = |file: &str, text: &str, place: &str, mend: &str| {
        let path = format!("web/crux-ui/{file}");
        let whole = fs::read_to_string(repo.path(&path)).expect("the file");
        repo.write(&path, text);
        let run = repo.run(&["test-ui"]).expect(2);
        run.sentence(&[&path, place, mend]);
        assert!(run.all("pipeline_started").is_empty());
        repo.write(&path, &whole);
    };
    breaks(
        "package-lock.json",
        "{\"name\":",
        " is no JSON at line 1, column 8: EOF while",
        "run `npm install`",
    );
    breaks(
        "package-lock.json",
        "{\n<<<<<<< HEAD\n",
        " is no JSON at line 2, column 1: key must",
        "correct it",
    );
    breaks("package.json", "{\n  \"a\": 1,\n}", " is no JSON at line 3, column 1: key must", "; correct it");
    // As Windows' editors write it, which npm reads.
    let manifest = fs::read_to_string(repo.path("web/crux-ui/package.json")).expect("the file");
    repo.write("web/crux-ui/package.json", &format!("\u{feff}{manifest}"));
    repo.run(&["test-ui"]).expect(0);
}

#[test]
fn flags_that_the_test_command_does_not_know() {
    let repo = Fixture::new();
    repo.write(
        "web/crux-ui/extra.js",
        "if (process.argv.includes('--nosuch')) { console.error('unknown option --nosuch'); process.exit(9) }",
    );
    for args in [vec!["test-ui"], vec!["test-ui", "-q"]] {
        let run = repo.run(&[args.clone(), vec!["--", "--nosuch"]].concat()).expect(1);
        assert_eq!(run.stdout.matches("unknown option --nosuch").count(), 1, "{args:?}: {}", run.stdout);
        assert_eq!(run.test()["exit_code"], 9);
        run.sentence(&["test-ui: the test command failed with exit code 9"]);
    }
}

#[test]
fn packages_that_cannot_be_fetched() {
    let repo = Fixture::new();
    let lock = fs::read_to_string(repo.path("web/crux-ui/package-lock.json")).expect("the lockfile");
    let mut lock: serde_json::Value = serde_json::from_str(&lock).expect("JSON");
    lock["packages"][""]["dependencies"]["left-pad"] = "1.3.0".into();
    lock["packages"]["node_modules/left-pad"] =
        serde_json::json!({ "version": "1.3.0", "resolved": "http://127.0.0.1:1/left-pad-1.3.0.tgz" });
    repo.write("web/crux-ui/package-lock.json", &lock.to_string());
    let manifest = fs::read_to_string(repo.path("web/crux-ui/package.json")).expect("the manifest");
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    manifest["dependencies"]["left-pad"] = "1.3.0".into();
    repo.write("web/crux-ui/package.json", &manifest.to_string());
    repo.write("web/crux-ui/.npmrc", "fetch-retries=0\n");
    let run = repo.run(&["test-ui", "-q"]).expect(1);
    assert!(run.stdout.contains("npm error") && run.stdout.contains("ECONNREFUSED"), "{}", run.stdout);
    run.sentence(&["test-ui: `exec npm ci", "failed with exit code 1"]);
}

#[test]
fn a_dockerignore_that_is_broken_or_leaves_nothing() {
    let repo = Fixture::new();
    let path = "web/crux-ui/.dockerignore";
    repo.write(path, "# mine\na[\n");
    repo.run(&["test-ui"])
        .expect(2)
        .sentence(&["the pattern `a[` of .dockerignore does not parse: unclosed"]);
    repo.write(path, "*\n");
    let run = repo.run(&["test-ui"]).expect(2);
    run.sentence(&["web/crux-ui has nothing that matches `/package.json`, or .dockerignore leaves it out"]);
    fs::write(repo.path(path), b"\xff\n").expect("a file");
    let run = repo.run(&["test-ui"]).expect(2);
    run.sentence(&["cannot read", path, "it is not UTF-8 text; correct or remove it"]);
    fs::remove_file(repo.path(path)).expect("a file");
    fs::create_dir(repo.path(path)).expect("a folder");
    repo.run(&["test-ui"]).expect(2).sentence(&["cannot read", path, "is a directory; correct or remove it"]);
}
