//! The engine's end under a stack that runs: told within moments, and what it left goes when the
//! engine is back.

use std::process::Command;
use std::time::{Duration, Instant};

use tests::{Application, OwnEngine, wait_until_dead};

#[test]
fn an_engine_that_is_started_again_in_the_middle() {
    let (app, mut engine) = (Application::new(), OwnEngine::start(None));
    let mut started = app.start_beside(&engine, &["crux-ui"]);
    started.wait_until_ready("crux-ui");
    let session = started.session();
    let of_session = engine.with_label("xtask.session", &session);
    assert_eq!(of_session.len(), 2, "{of_session:?}");

    let (soon, begun) = (started.soon(), Instant::now());
    engine.kill();
    let run = started.finish().expect(3);
    assert!(begun.elapsed() < soon, "{:?}", begun.elapsed());
    run.sentence(&["lost the container engine at ", &engine.address(), "start it"]);
    // Its watchdog still waits for the engine: here the next run has to do without.
    assert_eq!(app.processes().len(), 1);
    for watchdog in app.processes() {
        let kill = Command::new("kill").args(["-KILL", &watchdog.to_string()]).status();
        assert!(kill.expect("kill").success());
        wait_until_dead(watchdog);
    }

    engine.start_again();
    assert_eq!(engine.with_label("xtask.session", &session).len(), 2, "the engine has not forgotten it");
    let next = app.start_beside(&engine, &["cache", "ls"]).finish().expect(0);
    let told = "removed 2 containers, networks and volumes of runs that were killed";
    assert!(next.stdout.contains(told), "{}", next.stdout);
    assert_eq!(engine.with_label("xtask.session", &session), [""; 0]);
}

#[test]
fn an_engine_that_hangs_in_the_middle() {
    let (app, engine) = (Application::new(), OwnEngine::start(None));
    let [left_alone, stopped] = [(), ()].map(|()| {
        let mut started = app.start_beside(&engine, &["crux-ui"]);
        started.wait_until_ready("crux-ui");
        started
    });
    engine.hang();
    let (run, took) = stopped.end_by("INT");
    run.expect(130).sentence(&["stopped by Ctrl-C"]);
    // Sooner than the 20 s after which nobody waits for an engine any more.
    assert!(took < Duration::from_secs(19), "{took:?}");
    let run = left_alone.finish().expect(3);
    run.sentence(&["lost the container engine at ", &engine.address(), "it said nothing for 20s"]);
}

#[test]
fn an_engine_whose_disk_fills_up() {
    let (app, engine) = (Application::new(), OwnEngine::start(Some("1g")));
    let large = "const fs = require('fs')\n\
        const file = fs.openSync('large', 'w')\n\
        for (let i = 0; i < 4096; i++) fs.writeSync(file, Buffer.alloc(1 << 20, 1))\n";
    app.write("web/crux-ui/build.js", large);
    let run = app.start_beside(&engine, &["crux-ui"]).finish().expect(3);
    run.sentence(&["the container engine's disk is full; make room on it", "cargo xtask cache prune"]);
    assert_eq!(engine.with_label("xtask.host", &app.host().expect("a host")), [""; 0]);
}
