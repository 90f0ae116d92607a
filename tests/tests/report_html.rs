//! `report.html` in a browser: the page of a recorded run, opened in the Chromium of the end-to-end
//! tests. It is tested as crux-ui would be, by `test-ui`, in the image that has the browser and
//! without a network.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tests::Fixture;

const EVENTS: &str = include_str!("../../xtask/engine/src/report/fixtures/e2e-failed.jsonl");
const SPEC: &str = include_str!("report_html/page.spec.js");
const CONFIG: &str = include_str!("report_html/playwright.config.js");
const UI: &str = "web/crux-ui";
const PLAYWRIGHT: &str = "@playwright/test";

/// What crux wrote, with what would be markup in a page that does not take care.
const CRUX_LOG: &str = "\u{1b}[32mstarted\u{1b}[39m\n\
    \u{1b}[31m[Nest] 18  - \u{1b}[39m11/26/2026, 2:53:50 AM   \u{1b}[31mERROR\u{1b}[39m [ExceptionsHandler] the database said no\n\
    </script><img src=x onerror=alert(1)>\n";

/// A picture of one point.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
    \0\0\0\rIDATx\x9cc\xf8\xff\xff\xff\x7f\0\x09\xfb\x03\xfd\x05CE\xca\0\0\0\0IEND\xaeB`\x82";

/// The record of a run, in the part that will be tested.
fn write_record(repo: &Fixture) {
    let record = format!("{UI}/record");
    // The line of the log as the error that was seen has it.
    let error = CRUX_LOG.lines().nth(1).expect("an error");
    let said = json!({ "at": 14.4, "event": "service_log", "service": "crux", "text": format!("{error}\n") });
    let (before, after) = EVENTS.split_at(EVENTS.find("{\"at\":153.").expect("the end of the tests"));
    repo.write(&format!("{record}/events.jsonl"), &format!("{before}{said}\n{after}"));
    repo.write(&format!("{record}/services/crux.log"), CRUX_LOG);
    repo.write(
        &format!("{record}/e2e/output.log"),
        "Running 7 tests using 2 workers\n  4 failed\n  3 passed\n",
    );
    for test in [
        "teams-a-member-finds-all-their-teams-in-the-list-chromium",
        "wrong-password-an-unknown--f6661-s-refused-in-the-same-words-chromium",
    ] {
        let folder = format!("{record}/e2e/e2e_results/{test}");
        repo.write(&format!("{folder}/error-context.md"), "");
        fs::write(repo.path(&folder).join("test-failed-1.png"), PICTURE).expect("a picture");
    }
}

/// Playwright and nothing else, in the version that the sample has; returns that.
fn write_manifests(repo: &Fixture) -> String {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample").join(UI);
    let lock = fs::read_to_string(sample.join("package-lock.json")).expect("a lockfile");
    let mut lock: Value = serde_json::from_str(&lock).expect("JSON");
    let packages = lock["packages"].as_object_mut().expect("packages");
    packages.retain(|name, _| name.contains("playwright"));
    let version =
        packages[&format!("node_modules/{PLAYWRIGHT}")]["version"].as_str().expect("a version").to_owned();
    let needs = json!({ PLAYWRIGHT: version });
    packages.insert(String::new(), json!({ "name": "page", "version": "1.0.0", "devDependencies": needs }));
    lock["name"] = "page".into();
    // What `test-ui` adds to the command is for jest.
    let scripts = json!({ "test": "sh -c 'playwright test' --" });
    let manifest = json!({ "name": "page", "version": "1.0.0", "private": true, "scripts": scripts, "devDependencies": needs });
    repo.write(&format!("{UI}/package.json"), &manifest.to_string());
    repo.write(&format!("{UI}/package-lock.json"), &lock.to_string());
    version
}

/// The image with the browser, as the engine has it.
fn browser(repo: &Fixture, version: &str) -> String {
    repo.run(&["images", "prepare", "playwright"]).expect(0);
    let [stand_in, official] = ["xtask-stand-in/playwright", "mcr.microsoft.com/playwright"]
        .map(|name| format!("{name}:v{version}"));
    let has = |image: &str| !tests::docker(&["images", "--quiet", image]).trim().is_empty();
    if has(&stand_in) { stand_in } else { official }
}

#[test]
fn the_page_of_a_run_works_in_a_browser() {
    let repo = Fixture::new();
    // Without what makes each fixture another: as long as page and browser are the same, so is the result.
    fs::remove_dir_all(repo.path(UI)).expect("a part");
    let version = write_manifests(&repo);
    write_record(&repo);
    repo.write(&format!("{UI}/page.spec.js"), SPEC);
    repo.write(&format!("{UI}/playwright.config.js"), CONFIG);
    let record = repo.path(&format!("{UI}/record"));
    let report = repo.run(&["report", &record.display().to_string()]).expect(0);
    assert!(report.stdout.contains("/record/report.html"), "{}", report.stdout);

    let image = format!("node={}", browser(&repo, &version));
    let run = repo.run(&["test-ui", "--image", &image]);
    let output = run.output("test-ui");
    assert_eq!(run.code, Some(0), "{output}{}", run.stderr);
    let tests = SPEC.matches("\ntest(").count() + SPEC.matches("  test(").count() + 1;
    assert!(output.contains(&format!("{tests} passed")), "{tests} tests: {output}");
}

#[test]
fn a_run_leaves_its_page_and_its_trace_beside_its_record() {
    let repo = Fixture::new();
    let trace = repo.path("out/trace.json");
    let run = repo.run(&["test-crux", "--trace", &trace.display().to_string()]).expect(0);
    let page = fs::read_to_string(run.record.join("report.html")).expect("a page");
    assert!(page.contains("<title>test-crux: passed</title>"));
    let trace: Value = serde_json::from_slice(&fs::read(&trace).expect("a trace")).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    assert!(events.iter().any(|event| event["ph"] == "X" && event["cat"] == "test"), "{trace}");

    let folder = repo.root().display().to_string();
    let refused = repo.run(&["test-crux", "--trace", &folder]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.starts_with(&format!("error: cannot write {folder} (--trace): ")),
        "{}",
        refused.stderr
    );
    assert!(refused.events.is_empty(), "nothing ran: {:?}", refused.events);

    let open =
        repo.start_with(&["report", "--open", &run.record.display().to_string()], &[("PATH", "/nowhere")]);
    let open = open.finish();
    assert_eq!(open.code, Some(3));
    assert!(open.stderr.contains("that opens pages; open "), "{}", open.stderr);
    let none = repo.run(&["report", "no-such-run"]);
    assert_eq!(none.code, Some(2));
    assert!(none.stderr.contains("no record of a run no-such-run"), "{}", none.stderr);
}

#[test]
fn whoever_asks_for_spans_is_told_how_to_have_them() {
    let repo = Fixture::new();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    let run = repo.start_with(&["test-crux"], &[endpoint]).finish();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("notice: OTEL_EXPORTER_OTLP_ENDPOINT is set"), "{}", run.stderr);
    assert!(run.stderr.contains("--features otlp"), "{}", run.stderr);
}
