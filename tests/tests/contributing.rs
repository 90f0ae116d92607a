//! The worked examples of CONTRIBUTING.md: taken from the page, added to a copy of the workspace,
//! built and run. A page that is wrong fails here. One more task is added, with a bug in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tests::{of_session, share_cache, wait_until};

/// The workspace.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// The code blocks of the page, in their order.
fn code_blocks(page: &str) -> Vec<String> {
    let blocks = page.split("```rust\n").skip(1);
    blocks.map(|block| block.split("```").next().expect("the end of a block").to_owned()).collect()
}

/// Copies what is needed to build xtask.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a listing") {
            let name = entry.expect("an entry").file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).expect("a copy");
    }
}

/// Makes the second example one that panics while its services run.
fn with_a_bug(task: &str) -> String {
    let test = "context.session().await?.test(\"test-sql\", &test).await?;";
    assert!(task.contains(test), "the page's task runs its test: {task}");
    let bug = "let _ = test;\n    context.session().await?.start(&[&fill]).await?;\n    panic!(\"a bug\");";
    task.replace(test, bug).replace("    Ok(())\n", "")
}

/// The id of the session of a run.
fn session(record: &str) -> String {
    let events = fs::read_to_string(Path::new(record).join("events.jsonl")).expect("the events");
    let mut events = events.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let created = events.find(|event| event["event"] == "network_created").expect("a network");
    created["session"].as_str().expect("an id").to_owned()
}

#[test]
fn the_worked_example_builds_is_listed_and_is_cached_the_second_time() {
    let _cache = share_cache();
    let copy_of = tempfile::tempdir().expect("a folder");
    let root = copy_of.path();
    for part in ["Cargo.toml", "Cargo.lock", ".cargo", "xtask", "tests/Cargo.toml", "tests/src"] {
        fs::create_dir_all(root.join(part).parent().expect("a parent")).expect("a folder");
        copy(&workspace().join(part), &root.join(part));
    }
    let page = fs::read_to_string(workspace().join("CONTRIBUTING.md")).expect("the page");
    let [task, line, services] =
        <[String; 3]>::try_from(code_blocks(&page)).expect("three code blocks on the page");
    let cmd = root.join("xtask/src/cmd");
    fs::write(cmd.join("node_version.rs"), task).expect("the task");
    fs::write(cmd.join("panics.rs"), with_a_bug(&services)).expect("the task with a bug");
    fs::write(cmd.join("test_sql.rs"), services).expect("the task with services");
    let line = format!("{line}        TestSql => test_sql,\n        Panics => panics,\n");
    let list = root.join("xtask/src/cmd/mod.rs");
    let text = fs::read_to_string(&list).expect("the list");
    let group = "\"Tests of the application\" {\n";
    assert!(text.contains(group), "the list has the group");
    fs::write(&list, text.replacen(group, &format!("{group}{line}"), 1)).expect("the list");

    // The same folder for what is built, so that only what differs is; another name for the program,
    // since the other tests run the one that is there.
    let manifest = root.join("xtask/Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("the manifest");
    let bin = "[[bin]]\nname = \"xtask-example\"\npath = \"src/main.rs\"\n\n[dependencies]";
    fs::write(&manifest, text.replacen("[dependencies]", bin, 1)).expect("the manifest");
    let xtask = |args: &[&str]| -> Output {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["xtask", "--color", "never"]).args(args).current_dir(root);
        command.env("CARGO_TARGET_DIR", target_dir()).env_remove("CARGO_MANIFEST_DIR");
        command.output().expect("cargo runs")
    };
    let text = |output: &Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let record = |name: &str| root.join("target").join(name).display().to_string();

    let listed = text(&xtask(&[]));
    assert!(listed.contains("node-version Show which Node.js the application runs on"), "{listed}");

    text(&xtask(&["node-version", "--record", &record("one")]));
    let again = text(&xtask(&["node-version", "--record", &record("two")]));
    assert!(again.contains("CACHED exec node --version > in node-version"), "{again}");

    let wrong = xtask(&["node-version", "--expect", "1", "--record", &record("three")]);
    assert_eq!(wrong.status.code(), Some(1), "{}", String::from_utf8_lossy(&wrong.stderr));

    let told = text(&xtask(&["test-sql", "--record", &record("sql")]));
    assert!(told.contains("completed fill") && told.contains(" crew"), "{told}");
    assert_eq!(of_session(&session(&record("sql"))), [""; 0]);

    let bug = xtask(&["panics", "--record", &record("bug")]);
    let said = String::from_utf8_lossy(&bug.stderr);
    assert_eq!(bug.status.code(), Some(101), "{said}");
    assert!(said.contains("this is a bug in xtask"), "{said}");
    // The watchdog does it, a moment after the process is gone.
    let session = session(&record("bug"));
    wait_until("an engine without what it left", || of_session(&session).is_empty().then_some(()));
}

/// Where this test was built.
fn target_dir() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this program");
    this.ancestors().nth(3).expect("target/PROFILE/deps/THIS").to_path_buf()
}
