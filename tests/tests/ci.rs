//! What a run says to programs: `--progress json` and `github`, `--junit`, completions.

use std::fs;
use std::path::Path;
use std::process::Command;

use quick_junit::Report;
use serde_json::Value;
use tests::{Fixture, binary};

/// A program among the tests that would like the runner to obey it.
const EVIL: &str = "console.log('::error::no'); console.log('a ##[error]no')";

fn junit(path: &Path) -> Report {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Report::deserialize_from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn json_is_the_record_as_it_comes_and_as_the_schema_says() {
    let repo = Fixture::new();
    repo.write("web/crux/verdict", "1");
    let run = repo.run(&["test-crux", "--progress", "json"]).expect(1);
    let record = fs::read_to_string(run.record.join("events.jsonl")).expect("the events");
    assert_eq!(run.stdout, record, "nothing but events, and all of them");

    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xtask/engine/docs/events.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(schema).expect("the schema")).expect("JSON");
    let schema = jsonschema::draft202012::new(&schema).expect("a schema");
    for line in run.stdout.lines() {
        let event = serde_json::from_str(line).expect("JSON");
        if let Err(error) = schema.validate(&event) {
            panic!("{error}: {line}");
        }
    }
    assert_eq!(run.events[0]["event"], "run_started");
    assert_eq!(run.events[0]["schema"], 1);
    run.sentence(&["test-crux: 1 of 2 tests failed"]);
}

#[test]
fn quiet_json_is_how_things_ended() {
    let repo = Fixture::new();
    let run = repo.run(&["test-ui", "--progress", "json", "-q"]).expect(0);
    let events = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let events: Vec<String> = events.map(|event| event["event"].as_str().expect("text").to_owned()).collect();
    assert_eq!(events, ["run_started", "test_finished", "pipeline_finished", "run_finished"]);
}

#[test]
fn under_github_actions_failures_are_annotations_and_the_job_has_a_summary() {
    let repo = Fixture::new();
    repo.write("web/crux/verdict", "1");
    repo.write("web/crux/extra.js", EVIL);
    let summary = repo.path("summary.md").display().to_string();
    let checkout = repo.root().parent().expect("a folder").display().to_string();
    let folder = repo.root().file_name().expect("a name").to_string_lossy().into_owned();
    let github =
        [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", &*summary), ("GITHUB_WORKSPACE", &checkout)];
    let run = repo.start_with(&["test-crux", "--stand-ins", "auto"], &github).finish().expect(1);

    let mut stopped: Option<&str> = None;
    let mut commands = Vec::new();
    for line in run.stdout.lines() {
        match stopped {
            Some(token) if line == format!("::{token}::") => stopped = None,
            Some(_) => {}
            None if line.starts_with("::stop-commands::") => stopped = line.rsplit("::").next(),
            None if line.starts_with("::") || line.contains("##[") => commands.push(line),
            None => {}
        }
    }
    assert!(run.stdout.contains("::error::no"), "it was printed: {}", run.stdout);
    let groups = commands.iter().filter(|line| line.starts_with("::group::")).count();
    assert_eq!(commands.iter().filter(|line| **line == "::endgroup::").count(), groups);
    let errors: Vec<&&str> = commands.iter().filter(|line| line.starts_with("::error")).collect();
    let at =
        format!("::error file={folder}/web/crux/src/value.spec.ts,line=3,title=test-crux%3A verdict is 0::");
    assert!(errors.len() == 1 && errors[0].starts_with(&at), "{at}: {errors:#?}");
    assert!(errors[0].contains("expected <0> & got 1%0A"), "{errors:#?}");

    let text = fs::read_to_string(&summary).expect("a summary");
    assert!(text.contains("| test-crux | ❌ failed | 1 | 1 | 0 |"), "{text}");
    assert!(text.contains("<b>verdict is 0</b>") && text.contains("expected <0> & got 1\n"), "{text}");
    let again = format!(
        "cargo xtask test-crux --stand-ins auto --repo {} -- src/value.spec.ts --testNamePattern '^verdict is 0$'",
        repo.root().display()
    );
    assert!(text.contains(&again), "{text}");

    // Another command of the same step adds to it; quiet, a run that passed has nothing else to say.
    repo.write("web/crux/verdict", "0");
    let args = ["test-crux", "-q", "--stand-ins", "auto"];
    let passed = repo.start_with(&args, &github).finish().expect(0);
    assert!(!passed.stdout.contains("::group::") && !passed.stdout.contains("::error"), "{}", passed.stdout);
    let both = fs::read_to_string(&summary).expect("a summary");
    let added = both.strip_prefix(&text).expect("what was there stays");
    assert!(added.contains("| test-crux | ✅ passed | 2 | 0 | 0 |"), "{added}");
}

#[test]
fn junit_has_the_tests_of_the_whole_run_also_of_the_cache() {
    let repo = Fixture::new();
    let path = repo.path("not/there/yet/junit.xml");
    let file = path.display().to_string();
    for (verdict, code) in [("1", 1), ("0", 0), ("0", 0)] {
        repo.write("web/crux/verdict", verdict);
        repo.run(&["test", "--junit", &file]).expect(code);
        let report = junit(&path);
        assert_eq!((report.tests, report.failures, report.errors), (4, usize::try_from(code).unwrap(), 0));
        let mut suites: Vec<&str> = report.test_suites.iter().map(|suite| suite.name.as_str()).collect();
        suites.sort_unstable();
        let names = ["test-crux › web/crux/src/value.spec.ts", "test-ui › web/crux-ui/src/value.spec.ts"];
        assert_eq!(suites, names);
    }
}

#[test]
fn junit_is_red_where_no_test_tells_why() {
    let repo = Fixture::new();
    let path = repo.path("junit.xml");
    let args = ["test-crux", "--junit", &path.display().to_string()];
    // The command dies before it reports.
    repo.write("web/crux/extra.js", "console.log('\\u001b[31mlast words'); process.exit(9)");
    repo.run(&args).expect(1);
    let text = fs::read_to_string(&path).expect("the file");
    assert_eq!(junit(&path).errors, 1);
    assert!(text.contains("failed with exit code 9") && text.contains("last words"), "{text}");
    // A step before it fails.
    repo.write("web/crux/prisma/generate.js", "console.error('schema is wrong'); process.exit(4)");
    repo.run(&args).expect(1);
    let text = fs::read_to_string(&path).expect("the file");
    assert_eq!((junit(&path).tests, junit(&path).errors), (1, 1));
    assert!(text.contains("exec npm run prisma:gen") && text.contains("schema is wrong"), "{text}");
}

#[test]
fn junit_of_a_run_that_was_stopped_says_so() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", "console.log('begun'); setInterval(() => {}, 1000)");
    let path = repo.path("junit.xml");
    let mut started = repo.start(&["test-ui", "--junit", &path.display().to_string()]);
    started.wait_for_output("begun");
    let text = fs::read_to_string(&path).expect("the file is there from the first moment on");
    assert!(text.contains("the run did not end"), "{text}");
    let (run, _) = started.end_by("INT");
    run.expect(130);
    let text = fs::read_to_string(&path).expect("the file");
    assert_eq!(junit(&path).errors, 1);
    assert!(text.contains("stopped by Ctrl-C"), "{text}");
}

#[test]
fn a_junit_file_that_cannot_be_written_is_told_before_anything_runs() {
    let repo = Fixture::new();
    repo.write("file", "");
    let refused = |path: &str, why: &str| {
        let path = repo.path(path).display().to_string();
        let run = repo.run(&["test-ui", "--junit", &path]).expect(2);
        run.sentence(&[&format!("cannot write {path} (--junit): {why}; name another file")]);
        assert!(run.stdout.is_empty() && run.events.is_empty(), "{}", run.stdout);
    };
    refused("web", "is a directory");
    refused("file/junit.xml", "not a directory");
}

/// What a shell says that runs `before`, our completions, and `after`.
fn completed(shell: &str, before: &str, after: &str) -> Vec<String> {
    let completions = Command::new(binary()).args(["completions", shell]).output().expect("the binary");
    assert!(completions.status.success() && completions.stderr.is_empty());
    let script = String::from_utf8(completions.stdout).expect("text");
    let text = [before, &script, after].join("\n");
    let output = Command::new(shell).arg("-c").arg(text).output().expect("the shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn bash_completes_cargo_xtask_and_leaves_the_rest_of_cargo_as_it_was() {
    let complete = |line: &str| {
        let cargo = "_cargo() { COMPREPLY=(cargos own); }; complete -F _cargo cargo";
        let ask = format!(
            "[[ $(complete -p cargo) == *' _cargo_xtask '* ]] || exit 1\n\
             COMP_WORDS=({line} ''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _cargo_xtask cargo '' xtask\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        completed("bash", cargo, &ask)
    };
    let tasks = complete("cargo xtask");
    for task in ["test-crux", "e2e", "completions"] {
        assert!(tasks.contains(&task.to_owned()), "{task} in {tasks:?}");
    }
    let actions = complete("cargo +nightly xtask cache");
    assert!(actions.contains(&"prune".to_owned()), "{actions:?}");
    assert_eq!(complete("cargo build"), ["cargos", "own"]);
}

#[test]
fn fish_completes_cargo_xtask() {
    let tasks = completed("fish", "", "complete -C 'cargo xtask test-'");
    assert!(tasks.contains(&"test-crux".to_owned()) && tasks.contains(&"test-ui".to_owned()), "{tasks:?}");
    let ways = completed("fish", "", "complete -C 'cargo xtask test --progress '");
    assert!(ways.contains(&"github".to_owned()), "{ways:?}");
}
