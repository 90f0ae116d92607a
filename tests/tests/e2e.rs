//! `cargo xtask e2e` on the sample: real PostgreSQL, Kratos, mails, Traefik and Chromium.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tests::{Fixture, Run, of_session, session_of};

/// Browsers need the machine: what is not about several at once is one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All that runs long.
const SERVICES: [&str; 6] = ["database", "mail", "kratos", "crux", "crux-ui", "traefik"];

/// Names of services in the state `state`.
fn services(run: &Run, state: &str) -> Vec<String> {
    let events = run.all("service").into_iter().filter(|event| event["state"]["kind"] == state);
    let mut names: Vec<String> =
        events.filter_map(|event| event["service"].as_str()).map(str::to_owned).collect();
    names.sort();
    names
}

/// All files below a folder that end so.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_whole_stack_is_green_and_gone() {
    let _alone = alone();
    let sample = Fixture::sample();
    let run = sample.run(&["e2e"]).expect(0);
    let mut expected = SERVICES.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(services(&run, "ready"), expected);
    assert_eq!(services(&run, "completed"), ["crux-migrate", "kratos-migrate"]);

    let counts = &run.test()["counts"];
    let specs = files(&sample.path("web/crux-ui/e2e"), ".spec.ts").len();
    assert!(specs >= 5 && counts["passed"].as_u64() >= Some(specs as u64), "{specs} files, {counts}");
    assert_eq!((&counts["failed"], &counts["skipped"]), (&0.into(), &0.into()));

    let folder = run.record.join("e2e");
    assert!(files(&folder.join("screenshots"), ".png").len() >= 10);
    assert!(folder.join("playwright-report/index.html").is_file());
    let junit = fs::read_to_string(folder.join("junit.xml")).expect("JUnit");
    assert!(junit.contains("a member signs in") && junit.contains(r#"failures="0""#), "{junit}");
    for name in SERVICES.into_iter().chain(["crux-migrate", "kratos-migrate"]) {
        let log = run.record.join("services").join(format!("{name}.log"));
        // Traefik says nothing at this level.
        assert!(log.is_file() && (name == "traefik" || fs::metadata(&log).unwrap().len() > 0), "{name}");
    }
    assert!(run.stdout.contains("playwright-report/index.html"), "{}", run.stdout);
    assert_eq!(of_session(&session_of(&run)), [""; 0]);

    // Again, with one test: nothing is built, and no migration is left to do, but it runs.
    let again = sample.run(&["e2e", "--", "guard.spec.ts:5"]).expect(0);
    assert_eq!(again.test()["counts"]["passed"], 1);
    assert_eq!(services(&again, "completed"), ["crux-migrate", "kratos-migrate"]);
    for step in again.steps().iter().filter(|step| step.kind == "exec") {
        assert_eq!(step.outcome, "cached", "{step:?}");
    }
    assert_eq!(of_session(&session_of(&again)), [""; 0]);
}

/// What is broken, at the end of a file of tests that pass.
const BROKEN: &str = "
test('a broken one', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByText('this is nowhere')).toBeVisible({ timeout: 1000 })
})
";

#[test]
fn a_broken_test_is_red_its_files_come_out_and_the_stack_stays_if_asked() {
    let _alone = alone();
    let sample = Fixture::sample();
    let file = "web/crux-ui/e2e/logout.spec.ts";
    let specs = fs::read_to_string(sample.path(file)).expect("a file of tests");
    sample.write(file, &(specs + BROKEN));
    let export = sample.path("results");
    let export_arg = export.display().to_string();
    let run =
        sample.run(&["e2e", "--keep-on-failure", "--export", &export_arg, "--", "logout.spec.ts"]).expect(1);

    let counts = &run.test()["counts"];
    assert_eq!((&counts["passed"], &counts["failed"]), (&2.into(), &1.into()));
    assert!(run.stderr.contains("1 of 3 tests failed"), "{}", run.stderr);
    assert!(run.stdout.contains("FAILED a broken one (web/crux-ui/e2e/logout.spec.ts:29)"), "{}", run.stdout);
    for (folder, end) in [
        ("e2e/e2e_results", "trace.zip"),
        ("e2e/e2e_results", ".webm"),
        ("e2e/e2e_results", ".png"),
        ("e2e/playwright-report", "index.html"),
        ("services", "crux.log"),
    ] {
        for root in [&export, &run.record] {
            assert!(!files(&root.join(folder), end).is_empty(), "{end} in {}", root.join(folder).display());
        }
    }

    let session = session_of(&run);
    let short = &session[..8];
    let left = of_session(&session);
    assert!(left.contains(&format!("xtask-{short}-crux")), "{left:?}");
    assert!(run.stdout.contains(&format!("docker exec -it xtask-{short}-database")), "{}", run.stdout);
    assert!(run.stdout.contains(&format!("cargo xtask clean --session {short}")), "{}", run.stdout);
    // No run takes it for something that was forgotten.
    sample.run(&["test-ui"]).expect(0);
    assert_eq!(of_session(&session), left);
    // To look at it changes nothing; to clean takes all of it.
    let shown = sample.run(&["clean", "--session", short, "--dry-run"]).expect(0);
    assert!(left.iter().all(|name| shown.stdout.contains(name)), "{left:?} {}", shown.stdout);
    assert_eq!(of_session(&session), left);
    sample.run(&["clean", "--session", short]).expect(0);
    assert_eq!(of_session(&session), [""; 0]);
    let gone = sample.run(&["clean", "--session", short]).expect(2);
    assert!(gone.stderr.contains("left anything here"), "{}", gone.stderr);
}

#[test]
fn two_at_once_and_a_crux_do_not_disturb_each_other() {
    let _alone = alone();
    let (one, other) = (Fixture::sample(), Fixture::sample());
    let mut crux = one.start(&["crux"]);
    let runs = [&one, &other].map(|sample| sample.start(&["e2e", "--", "login.spec.ts"]));
    let runs = runs.map(|run| run.finish().expect(0));
    for run in &runs {
        assert_eq!(of_session(&session_of(run)), [""; 0]);
    }
    assert_ne!(session_of(&runs[0]), session_of(&runs[1]));
    // The one that serves did not end when they did.
    crux.wait_for("crux", |event| event["service"] == "crux" && event["state"]["kind"] == "ready");
    let crux = crux.end_by("INT").0.expect(130);
    let session = session_of(&crux);
    assert_eq!(of_session(&session), [""; 0]);
    // Its data are kept, until somebody says otherwise.
    let shown = one.run(&["clean", "--volumes", "--dry-run"]).expect(0);
    let owner = one.root().display().to_string();
    let row = shown.stdout.lines().find(|line| line.contains(&owner)).expect("its data");
    let volume = row.split_whitespace().nth(1).expect("a name").to_owned();
    assert!(row.starts_with("volume"), "{row}");
    let removed = std::process::Command::new("docker").args(["volume", "rm", &volume]).status();
    assert!(removed.expect("docker").success());
}
