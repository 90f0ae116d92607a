//! What a test leaves: its result, its complete output, its files.

use std::fs;

use tests::Fixture;

const TEST: &str = "test npm run test";

#[test]
fn a_failing_test_runs_every_time_until_it_passes() {
    let repo = Fixture::new();
    repo.write("web/crux/verdict", "3");
    let mut nonces = Vec::new();
    for _ in 0..3 {
        let run = repo.run(&["test-crux"]).expect(1);
        assert_eq!(run.test()["exit_code"], 3);
        assert_eq!(run.test()["cached"], false);
        assert_eq!(run.outcome(TEST), "failed");
        nonces.push(run.nonce("test-crux"));

        let failures = run.test()["failures"].as_array().expect("failures").clone();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0]["name"], "verdict is 0");
        assert_eq!(failures[0]["file"], "web/crux/src/value.spec.ts");
        let text = &run.stdout[run.stdout.find("FAILED verdict is 0").expect("the failed test is named")..];
        assert!(text.contains("expected <0> & got 3"), "{text}");
        assert!(text.contains("output.log"), "{text}");
        assert!(run.stderr.contains("1 of 2 tests failed"), "{}", run.stderr);

        // The numbers of the end are those of the steps, though the failure was run twice.
        let steps = run.steps();
        let cached = steps.iter().filter(|step| step.outcome == "cached").count() as u64;
        assert_eq!(run.all("pipeline_finished")[0]["cached"], cached, "{steps:#?}");
        assert_eq!(run.all("pipeline_finished")[0]["passed"], false);
    }
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 3, "each run ran it: {nonces:?}");

    repo.write("web/crux/verdict", "0");
    let fixed = repo.run(&["test-crux"]).expect(0);
    assert_eq!(fixed.outcome("exec npm ci"), "cached");
    assert_eq!(fixed.outcome(TEST), "ran");
    repo.run(&["test-crux"]).expect(0).assert_all_cached();
}

/// A script that does something the first time only. What it remembers is outside of all that is
/// cached, in the volume of npm's downloads, and goes when it has served.
fn first_time(then: &str) -> String {
    format!(
        "const fs = require('fs')\n\
         const seen = `/root/.npm/xtask-${{require('./package.json').name}}`\n\
         if (fs.existsSync(seen)) fs.rmSync(seen)\n\
         else {{ fs.writeFileSync(seen, ''); {then} }}\n"
    )
}

#[test]
fn a_test_that_fails_at_times_passes_when_it_passes_and_stays_so() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", &first_time("process.exit(9)"));
    assert_eq!(repo.run(&["test-ui"]).expect(1).test()["exit_code"], 9);
    let second = repo.run(&["test-ui"]).expect(0);
    assert_eq!(second.outcome(TEST), "ran", "the failure did not come from the cache");
    repo.run(&["test-ui"]).expect(0).assert_all_cached();
}

#[test]
fn cache_volumes_survive_rerun_and_no_cache() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", &first_time("console.log('the volume is empty')"));
    for (number, option) in [None, Some("--rerun"), None, Some("--no-cache")].into_iter().enumerate() {
        let again = ["--rerun"].iter().filter(|_| option.is_none() && number > 0);
        let args: Vec<&str> = ["test-ui"].into_iter().chain(option).chain(again.copied()).collect();
        let run = repo.run(&args).expect(0);
        let empty = run.output("test-ui").contains("the volume is empty");
        assert_eq!(empty, number % 2 == 0, "{args:?}: what one run wrote the next one finds");
    }
}

#[test]
fn results_come_out_when_tests_fail_and_when_they_pass_also_from_the_cache() {
    let repo = Fixture::new();
    repo.write(
        "web/crux/extra.js",
        "require('fs').writeFileSync(process.env.XTASK_RESULTS + '/own file.txt', 'own')",
    );
    for (verdict, code, cached) in [("1", 1, false), ("1", 1, false), ("0", 0, false), ("0", 0, true)] {
        repo.write("web/crux/verdict", verdict);
        let out = tempfile::tempdir().expect("a folder");
        let export = out.path().join("not/there/yet");
        let run = repo.run(&["test-crux", "--export", &export.display().to_string()]).expect(code);
        assert_eq!(run.test()["cached"], cached);

        let files = export.join("test-crux");
        let read =
            |name: &str| fs::read_to_string(files.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(read("output.log"), run.output("test-crux"));
        assert_eq!(read("own file.txt"), "own");
        assert_eq!(read("coverage/lcov.info"), "SF:src/value.txt\n");
        let report = quick_junit::Report::deserialize_from_str(&read("junit.xml")).expect("JUnit");
        assert_eq!((report.tests, report.failures), (2, usize::from(code == 1)));
        assert_eq!(report.test_suites[0].name.as_str(), "web/crux/src/value.spec.ts");
        let mut names: Vec<_> = fs::read_dir(&files)
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["coverage", "jest.json", "junit.xml", "output.log", "own file.txt"]);
    }
}

#[test]
fn an_export_holds_nothing_of_an_earlier_run() {
    let repo = Fixture::new();
    let export = repo.path("out").display().to_string();
    repo.write("web/crux/extra.js", "require('fs').writeFileSync(process.env.XTASK_RESULTS + '/first', '')");
    repo.run(&["test-crux", "--export", &export]).expect(0);
    assert!(repo.path("out/test-crux/first").exists());
    repo.write("web/crux/extra.js", "");
    repo.run(&["test-crux", "--export", &export]).expect(0);
    assert!(!repo.path("out/test-crux/first").exists() && repo.path("out/test-crux/output.log").exists());
}

#[test]
fn results_that_are_no_plain_files_come_out_too() {
    let repo = Fixture::new();
    repo.write(
        "web/crux-ui/extra.js",
        "const fs = require('fs'); process.chdir(process.env.XTASK_RESULTS)\n\
         fs.mkdirSync('empty'); fs.mkdirSync('full/deep', { recursive: true })\n\
         fs.writeFileSync('full/deep/file', 'x'); fs.writeFileSync('line\\nend', 'y'); fs.writeFileSync('none', '')\n\
         fs.symlinkSync('full', 'link'); fs.symlinkSync('/nowhere', 'dangling'); fs.symlinkSync('link', 'link2')\n\
         process.chdir('/src')\n",
    );
    let out = tempfile::tempdir().expect("a folder");
    let export = out.path().display().to_string();
    for _ in 0..2 {
        // Twice: what is there already is in nobody's way.
        let run = repo.run(&["test-ui", "--export", &export]).expect(0);
        for dir in [run.record.join("test-ui"), out.path().join("test-ui")] {
            assert!(dir.join("empty").is_dir());
            assert_eq!(fs::read_to_string(dir.join("full/deep/file")).expect("a file"), "x");
            assert_eq!(fs::read_to_string(dir.join("line\nend")).expect("a file"), "y");
            assert_eq!(fs::read_to_string(dir.join("none")).expect("a file"), "");
            assert_eq!(fs::read_link(dir.join("link")).expect("a link").to_str(), Some("full"));
            assert_eq!(fs::read_link(dir.join("dangling")).expect("a link").to_str(), Some("/nowhere"));
        }
    }
}

#[test]
fn the_complete_output_is_kept_however_long() {
    let repo = Fixture::new();
    // 5 MiB in lines that differ, some of them not UTF-8, then an end without a line's end.
    let line = |number: u32| format!("{number:06} {}\n", "x".repeat(93));
    repo.write(
        "web/crux-ui/extra.js",
        "const out = []\n\
         for (let i = 0; i < 52500; i++) out.push(`${String(i).padStart(6, '0')} ${'x'.repeat(93)}\\n`)\n\
         const all = Buffer.concat([Buffer.from(out.join('')), Buffer.from([0xff, 0x00, 0x80])])\n\
         process.stdout.write(all)\n",
    );
    let run = repo.run(&["test-ui"]).expect(0);
    let output = fs::read(run.record.join("test-ui/output.log")).expect("the output");
    let mut expected: Vec<u8> = (0..52500).flat_map(|number| line(number).into_bytes()).collect();
    expected.extend([0xff, 0x00, 0x80]);
    let start = output.windows(7).position(|bytes| bytes == b"000000 ").expect("the first line");
    assert!(output.len() - start == expected.len() && output[start..] == expected, "{} bytes", output.len());
}

#[test]
fn the_time_limit_stops_a_test_and_brings_out_what_there_is() {
    let repo = Fixture::new();
    repo.run(&["test-ui"]).expect(0);
    repo.write(
        "web/crux-ui/extra.js",
        &first_time(
            "fs.writeFileSync(process.env.XTASK_RESULTS + '/so-far.txt', 'so far'); \
             console.log('waiting'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
        ),
    );
    let out = tempfile::tempdir().expect("a folder");
    let export = out.path().display().to_string();
    // Long enough, on any machine, for the steps before it, which are cached.
    let run = repo.run(&["test-ui", "--timeout", "20s", "--export", &export]).expect(1);
    assert_eq!(run.test()["timed_out"], true);
    assert!(run.stderr.contains("time limit of 20 s"), "{}", run.stderr);
    assert!(run.output("test-ui").contains("waiting"));
    let so_far = fs::read_to_string(out.path().join("test-ui/so-far.txt")).expect("what there was");
    assert_eq!(so_far, "so far");
    assert!(out.path().join("test-ui/output.log").is_file());

    // It is no result: the same without a limit runs again.
    assert_eq!(repo.run(&["test-ui"]).expect(0).outcome(TEST), "ran");
}

#[test]
fn the_time_limit_is_no_part_of_the_key() {
    let repo = Fixture::new();
    repo.run(&["test-ui", "--timeout", "10m"]).expect(0);
    repo.run(&["test-ui"]).expect(0).assert_all_cached();
    repo.run(&["test-ui", "--timeout", "20m"]).expect(0).assert_all_cached();
}

#[test]
fn a_step_before_the_test_that_fails_shows_its_last_lines_and_is_not_cached() {
    let repo = Fixture::new();
    repo.write(
        "web/crux/prisma/generate.js",
        "console.log('nonce', process.hrtime.bigint()); console.error('schema is wrong'); process.exit(4)",
    );
    let mut logs = Vec::new();
    for _ in 0..2 {
        let run = repo.run(&["test-crux"]).expect(1);
        assert_eq!(run.outcome("exec npm run prisma:gen"), "failed");
        assert!(run.stderr.contains("`exec npm run prisma:gen` failed with exit code 4"), "{}", run.stderr);
        assert!(run.stdout.contains("schema is wrong"), "{}", run.stdout);
        logs.push(run.all("step_log").iter().map(|event| event["text"].to_string()).collect::<String>());
    }
    assert!(logs[0].contains("nonce"), "{}", logs[0]);
    assert_ne!(logs[0], logs[1], "it really ran again");
}

/// Starts a process that outlives the test command and holds its output open.
const LEAVES_A_PROCESS: &str = "const { spawn } = require('child_process')\n\
     spawn('sleep', ['3600'], { detached: true, stdio: 'inherit' }).unref()\n";

#[test]
fn a_test_that_leaves_a_process_running_ends_with_its_command() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", LEAVES_A_PROCESS);
    let run = repo.run(&["test-ui", "--timeout", "5m"]).expect(0);
    assert_eq!(run.outcome(TEST), "ran");
    assert_eq!(run.test()["exit_code"], 0);
}

#[test]
fn the_time_limit_ends_all_that_a_test_started_and_its_results_come_out() {
    let repo = Fixture::new();
    // The command ignores being asked to end, and so does what it started.
    repo.write(
        "web/crux-ui/extra.js",
        &format!("{LEAVES_A_PROCESS}process.on('SIGTERM', () => console.log('not yet'))\nsetTimeout(() => {{}}, 3600000)\n\
            for (;;) {{ Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000) }}\n"),
    );
    let export = tempfile::tempdir().expect("a folder");
    let run = repo
        .run(&["test-ui", "--timeout", "20s", "--export", export.path().to_str().expect("a path")])
        .expect(1);
    assert_eq!(run.test()["timed_out"], true);
    assert!(run.stderr.contains("stopped by the time limit of 20 s"), "{}", run.stderr);
    let output = fs::read_to_string(export.path().join("test-ui/output.log")).expect("the output");
    assert!(output.contains("nonce"), "{output}");
}
