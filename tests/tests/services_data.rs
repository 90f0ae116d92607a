//! What stays and what never gets out: data that are kept for one checkout at a time, passwords.

use std::fs;
use std::path::Path;
use std::time::Instant;

use tests::{Application, Started, docker, docker_of};

/// What PostgreSQL's image says where there are data already.
const KEPT: &str = "Skipping initialization";

#[test]
fn data_are_kept_for_one_run_of_a_checkout_at_a_time() {
    let (app, other) = (Application::new(), Application::new());
    // Two of different checkouts at once.
    let (mut first, mut of_other) = (app.start(&["crux"]), other.start(&["crux"]));
    first.wait_until_ready("crux");
    of_other.wait_until_ready("crux");
    query(&first, "CREATE TABLE teams (name text); INSERT INTO teams VALUES ('ours')");
    query(&of_other, "CREATE TABLE teams (name text); INSERT INTO teams VALUES ('theirs')");

    let before = app.in_engine();
    let second = app.run(&["crux"]).expect(3);
    insta::assert_snapshot!(second.stderr.trim_end());
    assert_eq!(app.in_engine(), before, "the second left nothing, and the first is as it was");
    assert_eq!(query(&first, "SELECT name FROM teams"), "ours");

    let first = first.end_by("INT").0.expect(130);
    assert!(!first.service_log("database").contains(KEPT), "{}", first.service_log("database"));
    let mut again = app.start(&["crux"]);
    again.wait_until_ready("crux");
    assert_eq!(query(&again, "SELECT name FROM teams"), "ours");
    let log = again.end_by("INT").0.expect(130).service_log("database");
    assert!(log.contains(KEPT), "{log}");
    assert!(!log.contains("not properly shut down"), "it ended by itself: {log}");
    assert_eq!(query(&of_other, "SELECT name FROM teams"), "theirs");
    of_other.end_by("INT").0.expect(130);
    assert_eq!((app.data().len(), other.data().len()), (1, 1));
}

#[test]
fn data_that_were_never_whole_are_made_anew() {
    let app = Application::new();
    for signal in ["KILL", "INT"] {
        let mut started = app.start(&["crux"]);
        started.wait_for("data in the making", |event| {
            let text = event["text"].as_str().unwrap_or_default();
            event["service"] == "database" && text.contains("creating configuration files")
        });
        // Not later than everything else: nothing asks a server to end that is none yet.
        let (soon, begun) = (started.soon(), Instant::now());
        started.signal(signal);
        started.child.wait().expect("its end");
        app.wait_for_processes();
        assert!(begun.elapsed() < soon, "{signal}: {:?}", begun.elapsed());
        assert_eq!((app.in_engine(), app.data().len()), (Vec::new(), 1));
    }
    let mut started = app.start_crux();
    assert_eq!(query(&started, "SELECT 'well'"), "well");
    let run = started.end_by("INT").0.expect(130);
    assert!(!run.service_log("database").contains(KEPT));
    started = app.start_crux();
    let run = started.end_by("INT").0.expect(130);
    assert!(run.service_log("database").contains(KEPT), "{}", run.service_log("database"));
}

/// What the database of a run answers.
#[track_caller]
fn query(run: &Started, sql: &str) -> String {
    let container = format!("xtask-{}-database", &run.session()[..8]);
    let psql = ["exec", &container, "psql", "--host=127.0.0.1", "--username=crux", "--dbname=crux"];
    docker(&[&psql[..], &["--tuples-only", "--no-align", "--quiet", "--command", sql]].concat())
        .trim()
        .to_owned()
}

#[test]
fn a_password_gets_nowhere() {
    let app = Application::new();
    // As a developer writes it, and as programs read it; and one that only its name tells.
    let (written, read, token) = ("hun%40ter-2-for-nobody", "hun@ter-2-for-nobody", "token-7-for-nobody");
    app.write(
        "web/crux/.env",
        &format!("DATABASE_URL=postgresql://crux:{written}@localhost:5432/crux\nJWT_SECRET='{token}'\n"),
    );
    let says = "const url = new URL(process.env.DATABASE_URL)\n\
        console.log('has', process.env.DATABASE_URL, decodeURIComponent(url.password), process.env.JWT_SECRET)";
    app.write("web/crux/prisma/migrate.js", says);
    app.serve_also(says);
    // All that can be asked for, in a record that has all of it.
    let mut started = app.start(&["crux", "-v"]);
    started.wait_until_ready("crux");
    let words = [written, read, token];
    let seen = |place: String, text: &str| {
        for word in words {
            assert!(!text.contains(word), "{word} in {place}: {text}");
        }
    };
    // Of this machine's processes, those in containers included.
    for process in fs::read_dir("/proc").expect("/proc").flatten() {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        seen(process.path().display().to_string(), &String::from_utf8_lossy(&line).replace('\0', " "));
    }
    let images = docker(&["images", "--quiet", "--filter", "reference=xtask/*"]);
    assert!(!images.is_empty());
    for image in images.lines() {
        for asked in [["history", "--no-trunc"], ["image", "inspect"]] {
            // None of this run goes: it is in use.
            if let Some(told) = docker_of(&asked, image) {
                seen(format!("{asked:?} of {image}"), &told);
            }
        }
    }
    let run = started.end_by("INT").0.expect(130);
    seen("the output".into(), &(run.stdout.clone() + &run.stderr));
    let files = files(&run.record);
    assert!(files.len() >= 4, "events and three logs: {files:?}");
    for file in files {
        let text = fs::read(&file).expect("a file");
        seen(file.display().to_string(), &String::from_utf8_lossy(&text));
    }
    // It was there to be seen.
    for service in ["crux", "crux-migrate"] {
        let log = run.service_log(service);
        assert!(log.contains("has *** *** ***"), "{log}");
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
