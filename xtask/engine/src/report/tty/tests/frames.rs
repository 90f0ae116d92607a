//! What a frame shows.

use super::*;
use crate::event::Outcome;

fn shown(time: f64, recorded: &str, size: Size) -> String {
    let mut terminal = Terminal::new(size);
    terminal.show(&at(time, &events(recorded)), time, &[]);
    terminal.contents()
}

#[test]
fn a_stack_that_comes_up_in_a_small_terminal() {
    let moments = [0.07, 0.6, 4.2, 7.5, 12.0];
    for time in moments {
        insta::assert_snapshot!(format!("e2e_small_{time}"), shown(time, E2E_FAILED, SMALL));
    }
}

#[test]
fn a_stack_that_comes_up_in_a_large_terminal() {
    for time in [0.6, 4.2, 12.0] {
        insta::assert_snapshot!(format!("e2e_large_{time}"), shown(time, E2E_FAILED, LARGE));
    }
}

#[test]
fn a_service_that_failed() {
    let recorded = events(SERVICE_FAILED);
    let failed = recorded.iter().find(|event| matches!(event.event, Event::ServiceFailed { .. })).unwrap();
    insta::assert_snapshot!(shown(failed.at, SERVICE_FAILED, SMALL));
}

#[test]
fn two_builds_that_run_with_what_they_usually_take() {
    let steps = [
        ("from node:20-alpine", StepKind::Image),
        ("upload web/crux", StepKind::Upload),
        ("copy web/crux to /src", StepKind::File),
        ("exec npm ci", StepKind::Exec),
        ("exec npm run prisma:gen", StepKind::Exec),
        ("exec npm run build", StepKind::Exec),
        ("exec cp -r public out", StepKind::Exec),
        ("write /etc/crux", StepKind::File),
        ("test npm run test", StepKind::Test),
    ];
    let finished = Event::StepFinished {
        pipeline: "crux".into(),
        id: "sha256:2".into(),
        step: "copy web/crux to /src".into(),
        kind: StepKind::File,
        outcome: Outcome::Cached,
        seconds: 0.0,
        facts: String::new(),
    };
    let uploading = Event::Uploading {
        pipeline: "crux-ui".into(),
        directory: "web/crux".into(),
        files: 12,
        bytes: 34_567,
    };
    let pull =
        |current, total, done| Event::Pull { image: "postgres:14.2-alpine".into(), current, total, done };
    let run = [
        timed(0.0, pipeline("crux")),
        timed(0.0, planned("crux", &steps)),
        timed(0.1, finished),
        timed(0.1, started("crux", 3, "exec npm ci")),
        timed(0.2, said("crux", 3, "exec npm ci", "npm warn deprecated\nadded 1158 packages\n")),
        timed(0.3, pipeline("crux-ui")),
        timed(0.3, planned("crux-ui", &steps)),
        timed(0.4, uploading),
        timed(0.4, pull(0, 0, false)),
        timed(0.5, pull(45_000_000, 120_000_000, false)),
    ];
    let mut terminal = Terminal::new(SMALL);
    let folder = tempfile::tempdir().unwrap();
    let mut earlier = at(f64::INFINITY, &run).run;
    let npm = earlier.pipelines[0].steps.iter_mut().find(|step| step.step == "exec npm ci").unwrap();
    (npm.ended, npm.outcome) = (Some(29.1), Some(Outcome::Ran));
    std::fs::create_dir(folder.path().join("1")).unwrap();
    std::fs::write(folder.path().join("1/run.json"), serde_json::to_vec(&earlier).unwrap()).unwrap();
    terminal.history = History::of(folder.path(), "2");
    terminal.history.read(std::time::Duration::from_secs(10));
    terminal.end = Some(65.0);
    terminal.show(&at(12.3, &run), 12.3, &[]);
    insta::assert_snapshot!(terminal.contents());
}

/// A step that runs for a while in each of `count` pipelines, the first for the longest time.
fn parallel(count: usize) -> Vec<TimedEvent> {
    let step = |at: usize| {
        let (name, step) = (format!("part-{at}"), format!("exec build {at}"));
        let time = at as f64;
        [
            timed(time, pipeline(&name)),
            timed(time, planned(&name, &[("exec build", StepKind::Exec)])),
            timed(time, started(&name, 0, &step)),
            timed(time, said(&name, 0, &step, "compiling\n")),
        ]
    };
    (0..count).flat_map(step).collect()
}

#[test]
fn forty_steps_at_once_in_a_small_terminal() {
    let mut terminal = Terminal::new(SMALL);
    terminal.show(&at(60.0, &parallel(40)), 60.0, &[]);
    insta::assert_snapshot!(terminal.contents());
}

#[test]
fn forty_steps_of_one_pipeline_keep_its_name() {
    let mut run = vec![timed(0.0, pipeline("all"))];
    run.extend((0..40).map(|id| timed(40.0 - id as f64, started("all", id, &format!("exec build {id}")))));
    let mut terminal = Terminal::new(Size { columns: 60, rows: 6 });
    terminal.show(&at(60.0, &run), 60.0, &[]);
    insta::assert_snapshot!(terminal.contents());
}

#[test]
fn a_window_of_any_size_shows_something() {
    let recorded = events(E2E_FAILED);
    for columns in [1, 2, 5, 20, 39, 61, 100, 500] {
        for rows in [1, 2, 3, 5, 8, 100] {
            let mut terminal = Terminal::new(Size { columns, rows });
            for time in [0.0, 0.05, 3.0, 12.0, 100.0] {
                terminal.show(&at(time, &recorded), time, &[]);
            }
        }
    }
    insta::assert_snapshot!(shown(4.2, E2E_FAILED, Size { columns: 20, rows: 5 }));
}

#[test]
fn what_runs_alone_has_the_room() {
    let mut run =
        vec![timed(0.0, pipeline("test-ui")), timed(0.0, started("test-ui", 0, "test npm run test"))];
    let lines: String =
        (1..=100).map(|line| format!("  \u{1b}[32m✓\u{1b}[0m case {line}\tin 測試.ts\n")).collect();
    run.push(timed(0.1, said("test-ui", 0, "test npm run test", &lines)));
    let mut terminal = Terminal::new(SMALL);
    terminal.show(&at(3.0, &run), 3.0, &[]);
    let contents = terminal.contents();
    assert_eq!(contents.lines().count(), 23, "{contents}");
    assert!(contents.ends_with("✓ case 100    in 測試.ts") && contents.contains("case 81 "), "{contents}");
}

#[test]
fn somebody_stopped_it() {
    let mut terminal = Terminal::new(Size { columns: 80, rows: 8 });
    terminal.is_stopping = true;
    terminal.show(&at(4.2, &events(E2E_FAILED)), 4.2, &[]);
    let contents = terminal.contents();
    assert_eq!(contents.lines().find(|line| !line.is_empty()), Some("e2e  4s  stopping: removing what ran"));
}

#[test]
fn without_colours_the_words_are_the_same_and_there_are_no_styles() {
    let recorded = events(E2E_FAILED);
    let mut plain = Terminal::new(SMALL);
    plain.colors = false;
    let bytes = plain.show(&at(4.2, &recorded), 4.2, &[]);
    assert!(!bytes.contains("\u{1b}[1m") && !bytes.contains("\u{1b}[2m"), "{bytes:?}");
    assert_eq!(plain.contents(), shown(4.2, E2E_FAILED, SMALL));
}
