//! A SIGKILL of `up`: what it made goes, and what ran before runs, at once and without anybody's help.

use tests::{Application, docker, get, wait_until};

#[test]
fn a_killed_up_leaves_things_as_they_were() {
    let app = Application::new();
    // The first: nothing was there, so nothing stays.
    kill_when(&app, "database", "starting", Who::Up);
    wait_until("nothing is left", || app.all_in_engine().is_empty().then_some(()));

    let up = app.of_stack("up", &[]).expect(0);
    let (there, crux) = (app.sorted(), app.container("crux"));
    app.serve_also("console.log('second version')");
    // The old one has stopped, the new one starts, and requests go to one that stands by.
    kill_when(&app, "crux", "starting", Who::Up);
    wait_until("all is as it was", || (app.sorted() == there).then_some(()));
    assert_eq!(app.container("crux"), crux);
    wait_until("the backend answers", || get(&up.door("traefik"), "/api/health").is_ok().then_some(()));
    wait_until("its own port answers", || get(&up.door("crux"), "/").is_ok().then_some(()));
    assert!(!docker(&["logs", &crux]).contains("second version"));
    app.wait_for_processes();

    // The watchdog, too, as by a power cut: the next one takes nothing for its own, and tidies.
    kill_when(&app, "crux", "starting", Who::UpAndItsWatchdog);
    let up = app.of_stack("up", &[]).expect(0);
    assert!(docker(&["logs", &app.container("crux")]).contains("second version"));
    assert_eq!(app.sorted(), there);
    assert!(get(&up.door("traefik"), "/api/health").unwrap().contains("operational"));
    app.of_stack("down", &["--volumes"]).expect(0);
    assert_eq!(app.all_in_engine(), [""; 0]);
}

enum Who {
    Up,
    UpAndItsWatchdog,
}

/// Kills `up` with SIGKILL when a service is in a state.
fn kill_when(app: &Application, service: &str, state: &str, who: Who) {
    let mut up = app.start(&["up", "--prefix", &app.prefix()]);
    up.wait_for(&format!("{service} to be {state}"), |event| {
        event["event"] == "service" && event["service"] == service && event["state"]["kind"] == state
    });
    match who {
        Who::Up => up.signal("KILL"),
        Who::UpAndItsWatchdog => app.kill(),
    }
    up.finish();
}
