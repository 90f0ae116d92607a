//! Wrong input: a command line, a repository, a lockfile. The program's own mistakes end with 2,
//! what a command in a step makes of its input with 1 and the command's own words.

use std::fs;
use std::process::Command;

use tests::{Fixture, binary};

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
fn a_broken_lockfile_is_told_in_npms_words_once_and_last() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/package-lock.json", "{\"name\":");
    let words = "can only install with an existing package-lock.json";
    for args in [vec!["test-ui"], vec!["test-ui", "-q"], vec!["test-ui", "-v"]] {
        let run = repo.run(&args).expect(1);
        assert_eq!(run.stdout.matches(words).count(), 1, "{args:?}: {}", run.stdout);
        run.sentence(&["test-ui: `exec npm ci", "failed with exit code 1"]);
        let failed = run.all("step_failed");
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0]["exit_code"], 1);
        assert!(failed[0]["tail"].to_string().contains(words), "{failed:?}");
    }
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
