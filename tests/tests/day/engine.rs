//! An engine that is started again: a stack that stays comes back with it, by itself.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Application, OwnEngine};

#[test]
fn a_stack_comes_back_with_its_engine() {
    let (app, mut engine) = (Application::new(), OwnEngine::start(None));
    let prefix = app.prefix();
    // The one part that needs no image but node's.
    let others = ["database", "kratos", "mail", "crux", "traefik"];
    let disabled: Vec<&str> = others.iter().flat_map(|part| ["--disable", *part]).collect();
    let up = [&["up", "--prefix", &prefix], disabled.as_slice()].concat();
    app.start_beside(&engine, &up).finish().expect(0);
    let before = part(&app, &engine);
    assert_eq!(before["ready"], true, "{before}");

    engine.kill();
    engine.start_again();
    let begun = Instant::now();
    let after = loop {
        let after = part(&app, &engine);
        if after["ready"] == true {
            break after;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{after}");
    };
    assert_ne!(after["started"], before["started"]);
    assert_eq!((&after["container"], &after["ports"]), (&before["container"], &before["ports"]));
    app.start_beside(&engine, &["down", "--prefix", &prefix]).finish().expect(0);
    assert_eq!(engine.with_label("xtask.prefix", &prefix), [""; 0]);
}

/// How the one part is.
#[track_caller]
fn part(app: &Application, engine: &OwnEngine) -> Value {
    let prefix = app.prefix();
    let ps = app.start_beside(engine, &["ps", "--json", "--prefix", &prefix]).finish().expect(0);
    let mut parts = ps.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
    parts.find(|part| part["part"] == "crux-ui").unwrap_or_else(|| panic!("{}", ps.stdout))
}
