//! Trees that look alike, trees that move, and runs at the same time.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use tests::{Fixture, Run, Started};

const TEST: &str = "test npm run test";

/// Gives everything below `dir` the same time of modification.
fn set_times(dir: &Path, time: SystemTime) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            set_times(&path, time);
        } else {
            let file = fs::File::options().write(true).open(&path).expect("a file");
            file.set_modified(time).expect("a time");
        }
    }
}

fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000)
}

#[track_caller]
fn assert_saw(run: &Run, value: &str) {
    let output = run.output("test-ui");
    assert!(output.contains(&format!("source src/value.txt: {value}\n")), "{value} is not in {output}");
}

/// Two checkouts whose files have the same names, sizes and times; the value differs.
fn twins() -> [Fixture; 2] {
    let twins = [Fixture::new(), Fixture::new()];
    for (repo, value) in twins.iter().zip(["one", "two"]) {
        for file in ["package.json", "package-lock.json"] {
            let path = format!("web/crux-ui/{file}");
            repo.write(&path, &fs::read_to_string(twins[0].path(&path)).expect("a file"));
        }
        repo.write("web/crux-ui/src/value.txt", value);
        set_times(&repo.path("web"), long_ago());
    }
    twins
}

#[test]
fn two_checkouts_that_look_alike_have_each_their_own_result() {
    let repos = twins();
    for _ in 0..2 {
        for (repo, value) in repos.iter().zip(["one", "two"]) {
            assert_saw(&repo.run(&["test-ui"]).expect(0), value);
        }
    }
    for repo in &repos {
        repo.run(&["test-ui"]).expect(0).assert_all_cached();
    }
}

#[test]
fn two_checkouts_that_look_alike_at_the_same_time() {
    let repos = twins();
    for _ in 0..2 {
        let started: Vec<Started> = repos.iter().map(|repo| repo.start(&["test-ui"])).collect();
        for (started, value) in started.into_iter().zip(["one", "two"]) {
            assert_saw(&started.finish().expect(0), value);
        }
    }
}

#[test]
fn one_pipeline_twice_at_the_same_time_tells_both_the_result() {
    let repo = Fixture::new();
    for round in 0..3 {
        repo.write("web/crux-ui/src/value.txt", &format!("round {round}"));
        let started: Vec<Started> = (0..3).map(|_| repo.start(&["test-ui"])).collect();
        let runs: Vec<Run> = started.into_iter().map(|started| started.finish().expect(0)).collect();
        for run in &runs {
            assert_eq!(run.test()["counts"]["passed"], 2);
            assert_saw(run, &format!("round {round}"));
            assert!(run.record.join("test-ui/junit.xml").is_file());
            assert!(["ran", "shared", "cached"].contains(&&*run.outcome(TEST)), "{:?}", run.steps());
        }
        assert!(runs.iter().any(|run| run.outcome(TEST) == "ran"), "one of them did it");
    }
    repo.run(&["test-ui"]).expect(0).assert_all_cached();
}

#[test]
fn one_failing_pipeline_twice_at_the_same_time_fails_for_both() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/verdict", "5");
    repo.run(&["test-ui"]).expect(1);
    for _ in 0..2 {
        let started: Vec<Started> = (0..2).map(|_| repo.start(&["test-ui"])).collect();
        for started in started {
            let run = started.finish().expect(1);
            assert_eq!(run.test()["exit_code"], 5);
            assert_eq!(run.test()["failures"][0]["name"], "verdict is 0");
        }
    }
}

#[test]
fn contents_changed_in_place_with_size_and_time_as_before_are_seen() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/src/value.txt", "aaaa");
    set_times(&repo.path("web"), long_ago());
    assert_saw(&repo.run(&["test-ui"]).expect(0), "aaaa");
    repo.write("web/crux-ui/src/value.txt", "bbbb");
    set_times(&repo.path("web"), long_ago());
    let run = repo.run(&["test-ui"]).expect(0);
    assert_saw(&run, "bbbb");
    assert_eq!(run.outcome(TEST), "ran");
    // And back: nothing has to run, for these contents were seen.
    repo.write("web/crux-ui/src/value.txt", "aaaa");
    set_times(&repo.path("web"), long_ago());
    let run = repo.run(&["test-ui"]).expect(0);
    assert_saw(&run, "aaaa");
    assert_eq!(run.outcome(TEST), "cached");
}

#[test]
fn a_folder_in_the_place_of_another_with_the_same_times_is_seen() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/src/value.txt", "aaaa");
    set_times(&repo.path("web"), long_ago());
    assert_saw(&repo.run(&["test-ui"]).expect(0), "aaaa");
    repo.write("other/value.txt", "bbbb");
    set_times(&repo.path("other"), long_ago());
    fs::rename(repo.path("web/crux-ui/src"), repo.path("old")).expect("moved away");
    fs::rename(repo.path("other"), repo.path("web/crux-ui/src")).expect("moved in");
    assert_saw(&repo.run(&["test-ui"]).expect(0), "bbbb");
    // A file in the place of a folder, and a folder in the place of a file.
    fs::remove_dir_all(repo.path("old")).expect("gone");
    fs::create_dir(repo.path("web/crux-ui/src/deeper")).expect("a folder");
    assert_saw(&repo.run(&["test-ui"]).expect(0), "bbbb");
    fs::remove_dir(repo.path("web/crux-ui/src/deeper")).expect("gone");
    repo.write("web/crux-ui/src/deeper", "a file");
    let run = repo.run(&["test-ui"]).expect(0);
    assert!(run.output("test-ui").contains("source src/deeper: a file"), "{}", run.output("test-ui"));
}

/// Ends a thread also when an assertion fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_file_edited_while_it_is_sent_never_gives_a_wrong_result() {
    // Long enough that an edit comes while it is sent.
    const LENGTH: usize = 64 << 20;
    let repo = Fixture::new();
    let big = repo.path("web/crux-ui/src/big");
    // The test says whether the file is of one piece, and which.
    repo.write(
        "web/crux-ui/extra.js",
        "const bytes = require('fs').readFileSync('src/big')\n\
         console.log('big', bytes.length, bytes.every(byte => byte === bytes[0]) ? bytes[0] : 'torn')\n",
    );
    fs::write(&big, vec![b'a'; LENGTH]).expect("a file");
    let stop = AtomicBool::new(false);
    let last = thread::scope(|scope| {
        let stop_at_the_end = Stop(&stop);
        let writer = scope.spawn(|| {
            let mut byte = b'a';
            while !stop.load(Ordering::SeqCst) {
                byte = if byte == b'z' { b'a' } else { byte + 1 };
                fs::write(&big, vec![byte; LENGTH]).expect("a file");
                // Now and then it rests long enough to be listed, and moves on while it is sent.
                thread::sleep(Duration::from_millis(30 + u64::from(byte) * 7 % 60));
            }
            byte
        });
        for _ in 0..3 {
            // It may give up, since the file never rests. A result in spite of that is about one
            // moment; which one is for certain only after the last edit.
            let run = repo.run(&["test-ui"]);
            match run.code {
                // A file is never of two pieces on the disk, only in what was sent of it.
                Some(0) => assert!(!run.output("test-ui").contains("torn"), "{}", run.output("test-ui")),
                Some(2) => assert!(run.stderr.contains("keeps changing"), "{}", run.stderr),
                _ => panic!("{}{}", run.stdout, run.stderr),
            }
        }
        drop(stop_at_the_end);
        writer.join().expect("the writer")
    });
    let expected = format!("big {LENGTH} {last}\n");
    for _ in 0..2 {
        let run = repo.run(&["test-ui"]).expect(0);
        assert!(run.output("test-ui").contains(&expected), "{expected} is not in {}", run.output("test-ui"));
    }
    repo.run(&["test-ui"]).expect(0).assert_all_cached();
}
