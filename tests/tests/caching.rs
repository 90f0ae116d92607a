//! What runs again and what does not.

use std::fs;
use std::time::SystemTime;

use tests::{Fixture, Part, Run};

const TEST: &str = "test npm run test";

/// The two numbers of the closing event are those of the steps.
#[track_caller]
fn assert_counts_are_those_of_the_steps(run: &Run) {
    for event in run.all("pipeline_finished") {
        let count = |outcome: &str| {
            let of = |step: &&tests::Step| event["pipeline"] == *step.pipeline && step.outcome == outcome;
            run.steps().iter().filter(of).count() as u64
        };
        assert_eq!(event["cached"], count("cached"), "{:#?}", run.steps());
    }
}

#[test]
fn a_second_run_has_everything_cached() {
    let repo = Fixture::new();
    for part in [Part::Crux, Part::CruxUi] {
        let first = repo.run(&[part.task()]).expect(0);
        assert_eq!(first.outcome("exec npm ci"), "ran");
        assert_eq!(first.outcome(TEST), "ran");
        assert!(first.files_sent() >= 4, "{:?}", first.all("uploaded"));
        assert_eq!(first.test()["cached"], false);

        let second = repo.run(&[part.task()]).expect(0);
        second.assert_all_cached();
        assert_counts_are_those_of_the_steps(&second);
        assert_eq!(second.test()["cached"], true);
        assert_eq!(second.test()["counts"]["passed"], 2, "a result from the cache is complete");
        assert_eq!(second.output(part.task()), first.output(part.task()));
        assert!(second.stdout.contains("CACHED"), "{}", second.stdout);
        let [one, other] = [&first, &second].map(|run| {
            let mut names: Vec<String> = run.steps().into_iter().map(|step| step.name).collect();
            names.sort_unstable();
            names
        });
        assert_eq!(one, other, "both runs tell the same steps");
    }
}

#[test]
fn an_edit_sends_one_file_and_runs_the_test_alone() {
    let repo = Fixture::new();
    for part in [Part::Crux, Part::CruxUi] {
        let before = repo.run(&[part.task()]).expect(0);
        repo.write(&format!("{}/src/value.txt", part.folder()), "another value");
        let after = repo.run(&[part.task()]).expect(0);

        let sent = after.all("uploaded");
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert_eq!(sent[0]["files"], 1, "{sent:?}");
        assert_eq!(sent[0]["bytes"], "another value".len());
        let steps = after.steps();
        for step in steps.iter().filter(|step| step.kind == "exec") {
            assert_eq!(step.outcome, "cached", "{steps:#?}");
        }
        assert_eq!(after.outcome(TEST), "ran");
        assert_ne!(after.nonce(part.task()), before.nonce(part.task()));
        assert!(after.output(part.task()).contains("value.txt: another value"));
    }
}

#[test]
fn an_edit_of_the_manifest_installs_again() {
    let repo = Fixture::new();
    repo.run(&["test-ui"]).expect(0);
    let path = "web/crux-ui/package.json";
    let manifest = fs::read_to_string(repo.path(path)).expect("a manifest");
    repo.write(path, &manifest.replace("\"private\":true", "\"private\":true,\"license\":\"MIT\""));
    let after = repo.run(&["test-ui"]).expect(0);
    assert_eq!(after.outcome("exec npm ci"), "ran");
    assert_eq!(after.outcome(TEST), "ran");
}

#[test]
fn an_edit_of_the_schema_generates_again_and_installs_nothing() {
    let repo = Fixture::new();
    repo.run(&["test-crux"]).expect(0);
    repo.write("web/crux/prisma/schema.prisma", "// another\n");
    let after = repo.run(&["test-crux"]).expect(0);
    assert_eq!(after.outcome("exec npm ci"), "cached");
    assert_eq!(after.outcome("exec npm run prisma:gen"), "ran");
    assert_eq!(after.outcome(TEST), "ran");
}

#[test]
fn a_new_time_on_old_contents_changes_nothing() {
    let repo = Fixture::new();
    let before = repo.run(&["test-ui"]).expect(0);
    let file = fs::File::options().write(true).open(repo.path("web/crux-ui/src/value.txt")).expect("a file");
    file.set_modified(SystemTime::now()).expect("a new time");
    let after = repo.run(&["test-ui"]).expect(0);
    assert_eq!(after.outcome(TEST), "cached", "contents count, not times");
    assert_eq!(after.nonce("test-ui"), before.nonce("test-ui"));
}

#[test]
fn a_file_made_executable_moved_or_removed_is_seen() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/src/second.txt", "second");
    let mut nonce = repo.run(&["test-ui"]).expect(0).nonce("test-ui");
    let second = repo.path("web/crux-ui/src/second.txt");
    let third = repo.path("web/crux-ui/src/third.txt");
    let changes: [&dyn Fn(); 3] = [
        &|| {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                fs::set_permissions(&second, fs::Permissions::from_mode(0o755)).expect("a new mode");
            }
        },
        &|| fs::rename(&second, &third).expect("another name"),
        &|| fs::remove_file(&third).expect("gone"),
    ];
    for (number, change) in changes.iter().enumerate() {
        change();
        let run = repo.run(&["test-ui"]).expect(0);
        assert_eq!(run.outcome(TEST), "ran", "change {number}");
        assert_ne!(run.nonce("test-ui"), nonce);
        nonce = run.nonce("test-ui");
    }
}

#[test]
fn rerun_runs_the_test_alone_and_no_cache_everything() {
    let repo = Fixture::new();
    let first = repo.run(&["test-crux"]).expect(0);

    let rerun = repo.run(&["test-crux", "--rerun"]).expect(0);
    let steps = rerun.steps();
    for step in steps.iter().filter(|step| matches!(&*step.kind, "exec" | "file")) {
        assert_eq!(step.outcome, "cached", "{steps:#?}");
    }
    assert_eq!(rerun.outcome(TEST), "ran");
    assert_ne!(rerun.nonce("test-crux"), first.nonce("test-crux"));

    let anew = repo.run(&["test-crux", "--no-cache"]).expect(0);
    let steps = anew.steps();
    for step in steps.iter().filter(|step| matches!(&*step.kind, "exec" | "test")) {
        assert_eq!(step.outcome, "ran", "{steps:#?}");
    }
    assert!(steps.iter().all(|step| step.outcome != "cached" || step.kind == "file"), "{steps:#?}");
    assert_ne!(anew.nonce("test-crux"), rerun.nonce("test-crux"));

    let after = repo.run(&["test-crux"]).expect(0);
    after.assert_all_cached();
    assert_eq!(after.nonce("test-crux"), anew.nonce("test-crux"), "what ran last is what counts");
}

#[test]
fn arguments_for_the_test_command_reach_it_and_are_part_of_the_key() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", "console.log('arguments', JSON.stringify(process.argv.slice(2)))");
    repo.run(&["test-ui"]).expect(0);
    let run = repo.run(&["test-ui", "--", "--testNamePattern", "a b 'c' \"d\" $e"]).expect(0);
    assert_eq!(run.outcome(TEST), "ran");
    assert!(
        run.output("test-ui").contains(r#""--testNamePattern","a b 'c' \"d\" $e"]"#),
        "{}",
        run.output("test-ui")
    );
    repo.run(&["test-ui"]).expect(0).assert_all_cached();
}

#[test]
fn test_runs_both_pipelines_and_one_that_fails_does_not_stop_the_other() {
    let repo = Fixture::new();
    let both = repo.run(&["test"]).expect(0);
    let ended: Vec<_> = both.all("pipeline_finished").iter().map(|event| event["passed"].clone()).collect();
    assert_eq!(ended, [true, true]);
    let position = |event: &str, pipeline: &str| {
        let found = both.events.iter().position(|e| e["event"] == event && e["pipeline"] == pipeline);
        found.unwrap_or_else(|| panic!("no {event} of {pipeline}"))
    };
    for (one, other) in [("test-crux", "test-ui"), ("test-ui", "test-crux")] {
        assert!(
            position("pipeline_started", one) < position("pipeline_finished", other),
            "{one} begins before {other} ends"
        );
    }
    repo.run(&["test"]).expect(0).assert_all_cached();

    repo.write("web/crux/verdict", "7");
    let one_failed = repo.run(&["test"]).expect(1);
    let mut codes: Vec<_> =
        one_failed.all("test_finished").iter().filter_map(|event| event["exit_code"].as_i64()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 7]);
}
