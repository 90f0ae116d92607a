//! Pages of recorded runs, read as a browser without a script would, and their data.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::event::TestFailure;
use crate::report::TimedEvent;
use crate::report::fixtures::{E2E_FAILED as FAILED, events};

fn run_of(events: &str) -> Run {
    let mut run = Run::default();
    for line in events.lines() {
        let TimedEvent { at, event } = serde_json::from_str(line).unwrap();
        run.apply(at, &event);
    }
    run
}

fn write_to(folder: &Path, path: &str, contents: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

/// No logs of steps that came from the cache.
fn none() -> KeptLogs {
    KeptLogs::at("/nowhere")
}

/// The data of a page, as the script reads them.
fn data_of(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// The page's own text, without style, script and data.
fn markup(page: &str) -> String {
    let (head, body) = page.split_once("<body>").unwrap();
    let (head, style) = head.split_once("<style>").unwrap();
    let (body, _) = body.split_once("<script type=\"application/json\"").unwrap();
    format!("{head}{}{body}", style.split_once("</style>").unwrap().1)
}

#[test]
fn what_failed_is_text_of_the_page_itself() {
    let dir = tempfile::tempdir().unwrap();
    write_to(dir.path(), "e2e/output.log", b"all of it\n");
    let (before, after) = FAILED.split_at(FAILED.find("{\"at\":153.").unwrap());
    let mut run = run_of(before);
    let text = "\u{1b}[31mERROR\u{1b}[39m the database said no\n".repeat(5);
    run.apply(14.4, &Event::ServiceLog { service: "crux".into(), text });
    for TimedEvent { at, event } in events(after) {
        run.apply(at, &event);
    }
    let text = markup(&page_of(&run, dir.path(), &none()));
    let (_, failures) = text.split_once("<h2 id=\"failures-title\">4 failures</h2>").unwrap();
    insta::assert_snapshot!(failures.split_once("<details class=\"failure\" id=\"failure-2\"").unwrap().0);
    assert!(text.contains("<span class=\"badge\">failed</span>"), "{text}");
    assert!(text.contains("<title>e2e: failed</title>") && text.contains("<dd>2m 34s</dd>"), "{text}");
}

#[test]
fn each_element_of_the_page_is_closed_in_its_turn() {
    let dir = tempfile::tempdir().unwrap();
    let text = markup(&page_of(&run_of(FAILED), dir.path(), &none()));
    let mut open: Vec<&str> = Vec::new();
    for tag in text.split('<').skip(1).map(|rest| rest.split_once('>').expect("a tag that ends").0) {
        let name = tag.split([' ', '\n']).next().unwrap();
        if let Some(name) = name.strip_prefix('/') {
            assert!(matches!(name, "head" | "style") || open.pop() == Some(name), "</{name}> in {open:?}");
        } else if !matches!(name, "!doctype" | "meta" | "link" | "input" | "br" | "html" | "head" | "style") {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn what_a_program_prints_stays_text() {
    let dir = tempfile::tempdir().unwrap();
    let nasty = "</script><img src=x onerror=alert(1)> {{script}} \"'&";
    let mut run = run_of(FAILED);
    run.task = nasty.into();
    run.command = nasty.into();
    run.end.as_mut().unwrap().error = Some(nasty.into());
    run.notices.push(nasty.into());
    let test = &mut run.tests[0];
    test.failures[0] = TestFailure {
        name: nasty.into(),
        file: nasty.into(),
        message: nasty.into(),
        again: nasty.into(),
        ..test.failures[0].clone()
    };
    write_to(dir.path(), "services/crux.log", nasty.as_bytes());
    let page = page_of(&run, dir.path(), &none());
    assert!(!page.contains("<img") && !markup(&page).contains("alert(1)>"), "it is markup");
    assert_eq!(page.matches("</script>").count(), 2);
    let data = data_of(&page);
    assert_eq!(data["command"], nasty);
    let log = data["logs"].as_array().unwrap().iter().find(|log| log["label"] == "crux").unwrap();
    assert_eq!(log["text"], nasty);
    assert!(page.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; {{script}} &quot;&#39;&amp;"));
}

#[test]
fn nothing_in_the_page_is_from_elsewhere_and_nothing_else_may_run() {
    let dir = tempfile::tempdir().unwrap();
    let page = page_of(&run_of(FAILED), dir.path(), &none());
    for reference in ["src=\"", "href=\"http", "@import", "url("] {
        assert!(!page.contains(reference), "{reference}");
    }
    let (_, policy) = page.split_once("http-equiv=\"Content-Security-Policy\" content=\"").unwrap();
    let policy = policy.split_once('"').unwrap().0;
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(policy.contains(&format!("script-src '{}'", digest(SCRIPT))));
}

#[test]
fn long_logs_and_many_pictures_leave_the_page_bounded_and_are_linked() {
    let dir = tempfile::tempdir().unwrap();
    let line = "\u{1b}[31mred\u{1b}[0m and a line of some length, as programs print them\n";
    for service in ["database", "kratos", "mail", "crux", "crux-ui", "traefik"] {
        write_to(dir.path(), &format!("services/{service}.log"), line.repeat(4000).as_bytes());
    }
    write_to(dir.path(), "e2e/output.log", format!("first\n{}last\n", line.repeat(4000)).as_bytes());
    for picture in 0..60 {
        write_to(dir.path(), &format!("e2e/screenshots/a {picture:02}.png"), &[0; 100_000]);
    }
    write_to(dir.path(), "e2e/screenshots/huge.png", &vec![0; 2 << 20]);
    let failed = "e2e/e2e_results/wrong-password-an-unknown--f6661-s-refused-in-the-same-words-chromium";
    write_to(dir.path(), &format!("{failed}/test-failed-1.png"), b"picture");
    write_to(dir.path(), &format!("{failed}/trace.zip"), b"trace");

    let page = page_of(&run_of(FAILED), dir.path(), &none());
    assert!(page.len() < 8 << 20, "{}", page.len());
    let data = data_of(&page);
    let logs = data["logs"].as_array().unwrap();
    let test = logs.iter().find(|log| log["lane"] == "step:e2e:run:e2e").unwrap();
    let text = test["text"].as_str().unwrap();
    assert!(text.len() as u64 <= files::LOG && text.starts_with("\u{1b}[31mred") && text.ends_with("last\n"));
    assert_eq!((&test["cut"], &test["href"]), (&true.into(), &"e2e/output.log".into()));

    let links = data["links"].as_array().unwrap();
    assert_eq!(links[0], serde_json::json!(["e2e: complete output", "e2e/output.log"]));
    let trace = format!("{}/trace.zip", failed.strip_prefix("e2e/").unwrap());
    assert_eq!(links[1], serde_json::json!([format!("e2e: {trace}"), format!("e2e/{trace}")]));

    let images = data["images"].as_array().unwrap();
    assert_eq!(images.len(), 62);
    assert_eq!(images[0]["of"], "an unknown address is refused in the same words");
    assert_eq!(images[0]["data"], "data:image/png;base64,cGljdHVyZQ==");
    assert_eq!(images[1]["href"], "e2e/screenshots/a%2000.png");
    let shown = images.iter().filter(|image| image["data"].is_string()).count();
    assert!((20..=40).contains(&shown), "{shown}");
    assert!(images.iter().any(|image| image["name"] == "huge.png" && image["data"].is_null()));
}

#[test]
fn a_run_without_an_end_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let goes_on = |line: &&str| !(line.contains("step_finished") && line.contains("run:e2e"));
    let until = FAILED.lines().take_while(goes_on).collect::<Vec<_>>().join("\n");
    write_to(dir.path(), super::super::EVENTS, until.as_bytes());
    let path = write(dir.path(), &none()).unwrap();
    let page = fs::read_to_string(&path).unwrap();
    assert_eq!(path.file_name().unwrap(), REPORT);
    assert!(markup(&page).contains("the run was killed, or goes on: this is what it told until then"));
    let data = data_of(&page);
    assert_eq!(data["result"], "no_end");
    let lanes = data["timeline"]["groups"][0]["lanes"].as_array().unwrap();
    let test = lanes.iter().find(|lane| lane["kind"] == "test").unwrap();
    assert_eq!(test["bars"][0]["state"], "stopped");
    assert_eq!(test["bars"][0]["to"], data["timeline"]["seconds"]);
}

#[test]
fn a_run_with_a_pipeline_leaves_a_page_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    write_to(dir.path(), REPORT, b"of an earlier run");
    let mut html = Html::new(dir.path(), none());
    html.event(Duration::ZERO, &Event::RunFinished { exit_code: 0, seconds: 0.1, error: None });
    assert!(!dir.path().join(REPORT).exists());
    let mut html = Html::new(dir.path(), none());
    for line in FAILED.lines() {
        let TimedEvent { at, event } = serde_json::from_str(line).unwrap();
        html.event(Duration::from_secs_f64(at), &event);
    }
    assert!(fs::read_to_string(dir.path().join(REPORT)).unwrap().contains("4 failures"));
}

#[test]
fn a_step_from_the_cache_shows_what_it_said_when_it_ran() {
    let (dir, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let run = run_of(FAILED);
    let steps = run.pipelines.iter().flat_map(|pipeline| &pipeline.steps);
    let cached = steps.into_iter().find(|step| step.step == "exec npm ci --no-audit --no-fund").unwrap();
    let name = cached.id.strip_prefix("sha256:").unwrap();
    write_to(kept.path(), &format!("{name}.log"), b"added 400 packages\n");
    write_to(kept.path(), &format!("{name}.json"), br#"{"ended":1795661286.0,"seconds":24.0}"#);
    let data = data_of(&page_of(&run, dir.path(), &KeptLogs::at(kept.path())));
    let logs = data["logs"].as_array().unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!(
        (&logs[0]["text"], &logs[0]["href"]),
        (&"added 400 packages\n".into(), &serde_json::Value::Null)
    );
}
