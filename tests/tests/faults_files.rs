//! Files that cannot be read, do not hold still, have odd names or sizes.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tests::Fixture;

#[test]
fn what_cannot_be_read_is_named_with_what_to_do() {
    let repo = Fixture::new();
    let path = repo.path("web/crux-ui/private");
    let advice = "permission denied; make it readable, or leave it out with a line in .dockerignore";
    let named = path.display().to_string();
    fs::write(&path, "mine").expect("a file");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("permissions");
    repo.run_as_nobody(&["test-ui"], true).expect(2).sentence(&["cannot read", &named, advice]);
    fs::remove_file(&path).expect("a file");
    fs::create_dir(&path).expect("a folder");
    fs::set_permissions(&path, Permissions::from_mode(0o700)).expect("permissions");
    repo.run_as_nobody(&["test-ui"], true).expect(2).sentence(&["cannot read", &named, advice]);
    // The advice helps.
    repo.write("web/crux-ui/.dockerignore", "private\n");
    repo.run_as_nobody(&["test-ui"], true).expect(0);

    fs::set_permissions(repo.path("web"), Permissions::from_mode(0o700)).expect("permissions");
    let folder = repo.path("web/crux-ui").display().to_string();
    let run = repo.run_as_nobody(&["test-ui"], true).expect(2);
    run.sentence(&["cannot read", &folder, "permission denied; name a checkout"]);
}

#[test]
fn links_in_a_circle_travel_as_they_are() {
    let repo = Fixture::new();
    let folder = repo.path("web/crux-ui");
    for (target, link) in [(".", "here"), ("itself", "itself"), ("nowhere", "dangling")] {
        symlink(target, folder.join(link)).expect("a link");
    }
    repo.write(
        "web/crux-ui/extra.js",
        "for (const link of ['here', 'itself', 'dangling']) console.log(link, '->', fs.readlinkSync(link))\n"
            .replace("fs.", "require('fs').")
            .as_str(),
    );
    let output = repo.run(&["test-ui"]).expect(0).output("test-ui");
    for line in ["here -> .", "itself -> itself", "dangling -> nowhere"] {
        assert!(output.contains(line), "{output}");
    }
}

#[test]
fn odd_names_travel_and_names_that_cannot_are_told() {
    let repo = Fixture::new();
    let names = ["-rf", "a b", "new\nline", "\"quoted\" it's", "$(date)", "ü", " ", "*", "back\\slash"];
    for name in names {
        repo.write(&format!("web/crux-ui/src/{name}"), "");
    }
    repo.write("web/crux-ui/extra.js", "console.log(JSON.stringify(require('fs').readdirSync('src')))");
    let run = repo.run(&["test-ui"]).expect(0);
    for name in names {
        let name = serde_json::to_string(name).expect("JSON");
        assert!(run.output("test-ui").contains(&name), "{name} in {}", run.output("test-ui"));
    }
    repo.run(&["test-ui"]).expect(0).assert_all_cached();

    fs::write(repo.path("web/crux-ui").join(OsStr::from_bytes(b"x\xff")), "").expect("a file");
    let run = repo.run(&["test-ui"]).expect(2);
    run.sentence(&[r#"the name of "x\xFF" in "#, "is not UTF-8", "rename it", ".dockerignore"]);
    repo.write("web/crux-ui/.dockerignore", "x*\n");
    repo.run(&["test-ui"]).expect(0);
}

#[test]
fn a_file_of_a_gigabyte_costs_no_memory() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/empty", "");
    File::create(repo.path("web/crux-ui/large")).and_then(|file| file.set_len(1 << 30)).expect("a file");
    repo.write(
        "web/crux-ui/extra.js",
        "for (const file of ['empty', 'large']) console.log(file, require('fs').statSync(file).size)",
    );
    let (run, peak) = repo.start(&["test-ui"]).finish_with_peak_memory();
    let run = run.expect(0);
    assert!(run.output("test-ui").contains("large 1073741824\n"), "{}", run.output("test-ui"));
    assert!(run.output("test-ui").contains("empty 0\n"));
    assert!(peak < 60 << 20, "{} MiB", peak >> 20);
}

#[test]
fn a_file_that_changes_all_the_time_is_named() {
    let repo = Fixture::new();
    let (path, stop) = (repo.path("web/crux-ui/dev.log"), AtomicBool::new(false));
    File::create(&path).expect("a file");
    let run = thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0_u64;
            while !stop.load(Ordering::SeqCst) {
                number += 1;
                fs::write(&path, number.to_string()).expect("a file");
            }
        });
        // One that is held up as long as a run takes lets the file rest, which is none of the kind: again.
        let run = (0..5).map(|_| repo.run(&["test-ui"])).find(|run| run.code != Some(0));
        stop.store(true, Ordering::SeqCst);
        run.expect("a run that saw it change")
    });
    let named = path.display().to_string();
    run.expect(2).sentence(&[
        &named,
        "keeps changing while it is read",
        "leave it out with a line in .dockerignore",
    ]);
    repo.run(&["test-ui"]).expect(0);
}

#[test]
fn files_that_come_and_go_meanwhile_are_no_accident() {
    let repo = Fixture::new();
    let stop = AtomicBool::new(false);
    let codes = thread::scope(|scope| {
        scope.spawn(|| {
            let path = repo.path("web/crux-ui/temporary");
            while !stop.load(Ordering::SeqCst) {
                fs::write(&path, "").expect("a file");
                fs::remove_file(&path).expect("a file");
                thread::sleep(std::time::Duration::from_millis(200)); // its own rhythm, no wait
            }
        });
        let codes: Vec<_> = (0..5).map(|_| repo.run(&["test-ui", "--rerun"])).collect();
        stop.store(true, Ordering::SeqCst);
        codes
    });
    for run in codes {
        let run = run.expect(0);
        assert!(run.stderr.is_empty(), "{}", run.stderr);
    }
}
