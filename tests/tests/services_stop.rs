//! A stack that is stopped, by the user, by the system, by force: whatever happens, nothing of it
//! stays in the engine.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tests::{Application, Started, docker, of_session, wait_until_dead};

/// In how long the watchdog has removed all: what is in its way for ever shows when it has ended.
const LATE: Duration = Duration::from_secs(30);
/// What is killed, and how often: a stack of every kind of thing that there is, and the smallest.
const KILLS: [(&str, usize); 2] = [("crux", 8), ("crux-ui", 12)];

#[test]
fn a_signal_ends_it_all() {
    let app = Application::new();
    for (signal, code, words) in [("INT", 130, "stopped by Ctrl-C"), ("TERM", 143, "stopped by a signal")] {
        let started = app.start_crux();
        // Network, the owner of localhost, database, migration, crux.
        assert_eq!(app.in_engine().len(), 5, "{:?}", app.in_engine());
        let soon = started.soon();
        let (run, took) = started.end_by(signal);
        assert_eq!(app.in_engine(), [""; 0], "at the moment when it ends");
        let run = run.expect(code);
        assert!(took < soon, "{took:?}");
        run.sentence(&[words]);
        assert_eq!(run.all("services_removed")[0]["removed"], 5);
        assert_eq!(app.processes(), [0; 0], "its watchdog is gone, too");
        assert_eq!(app.data().len(), 1, "its data are kept");
    }
}

#[test]
fn a_signal_while_it_comes_up_ends_it_too() {
    let app = Application::new();
    app.write("web/crux/prisma/migrate.js", "console.log('migrating')\nsetTimeout(() => {}, 600000)\n");
    let mut started = app.start(&["crux"]);
    started.wait_for("the migration", |event| {
        event["event"] == "service_log"
            && event["text"].as_str().is_some_and(|text| text.contains("migrating"))
    });
    let soon = started.soon();
    let (run, took) = started.end_by("INT");
    assert_eq!(app.in_engine(), [""; 0]);
    run.expect(130).sentence(&["stopped by Ctrl-C"]);
    assert!(took < soon, "{took:?}");
}

#[test]
fn after_a_second_ctrl_c_the_watchdog_finishes() {
    let app = Application::new();
    let started = app.start_crux();
    let soon = started.soon();
    started.signal("INT");
    started.signal("INT");
    let begun = Instant::now();
    let run = started.finish();
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    assert!(begun.elapsed() < soon);
    gone_soon(&app, begun, "stopped twice");
}

#[test]
fn killed_at_random_moments_it_leaves_nothing() {
    // Two at once: what one waits for, the other has.
    let both = KILLS.map(|(task, times)| thread::spawn(move || kill_at_random_moments(task, times)));
    for one in both {
        one.join().expect("nothing is left");
    }
}

fn kill_at_random_moments(task: &str, times: usize) {
    let app = Application::new();
    let comes_up = || {
        let mut started = app.start(&[task]);
        // Not sooner: the first who starts the binary builds it.
        let begun = Instant::now();
        started.wait_until_ready(task);
        (started, begun.elapsed())
    };
    // From before the first request to about when all is there.
    let (started, whole) = comes_up();
    started.end_by("INT").0.expect(130);
    for _ in 0..times {
        let moment = whole.mul_f64(random());
        let mut started = app.start(&[task]);
        thread::sleep(moment); // the moment is what is tested
        started.child.kill().expect("kill");
        let killed = Instant::now();
        started.child.wait().expect("its end");
        gone_soon(&app, killed, &format!("{task} killed after {moment:.2?}"));
    }
    // Whatever it was doing, its data are as good as before.
    comes_up().0.end_by("INT").0.expect(130);
}

/// A number from 0 to 1 that nobody knows before.
fn random() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(random >> 32).expect("32 bits")) / f64::from(u32::MAX)
}

/// Nothing is left soon after `since`, nor once the watchdog has ended, which waits for requests
/// that the engine had not carried out yet.
#[track_caller]
fn gone_soon(app: &Application, since: Instant, what: &str) {
    loop {
        let has_watchdog = !app.processes().is_empty();
        let left = app.in_engine();
        if left.is_empty() && !has_watchdog {
            return;
        }
        let late = since.elapsed();
        assert!(left.is_empty() || (has_watchdog && late < LATE), "{what}, {late:.2?} later: {left:?}");
        thread::sleep(Duration::from_millis(50)); // between two looks
    }
}

#[test]
fn after_a_power_cut_the_next_command_sweeps_what_is_left_and_only_that() {
    let (app, other) = (Application::new(), Application::new());
    let of_other = other.start_crux();
    let mut dead = app.start_crux();
    let (session, watchdog) = (dead.session(), watchdog_of(&app, &dead));
    // Beside it, of the same machine and user: one that lives, and data. Of another: one that lives,
    // and something with this very session's id.
    let mut alive = app.start(&["crux-ui"]);
    alive.wait_until_ready("crux-ui");
    let (kept, foreign) =
        (volume("xtask.kind=kept", &app), volume(&format!("xtask.session={session}"), &other));
    let (of_alive, others) = (of_session(&alive.session()), other.in_engine());

    // First the one that would see the other's end.
    let pids = [watchdog, dead.child.id()].map(|pid| pid.to_string());
    let kill = Command::new("kill").arg("-KILL").args(pids).status();
    assert!(kill.expect("kill").success());
    dead.child.wait().expect("its end");
    wait_until_dead(watchdog);
    assert_eq!(of_session(&session).len(), 5 + 1, "{:?}", of_session(&session));

    let next = app.run(&["cache", "ls"]).expect(0);
    let told = "removed 5 containers, networks and volumes of runs that were killed";
    assert!(next.stdout.contains(told), "{}", next.stdout);
    assert_eq!(of_session(&session), [foreign]);
    assert_eq!((of_session(&alive.session()), other.in_engine()), (of_alive, others));
    assert!(app.data().contains(&kept) && app.data().len() == 2, "{:?}", app.data());
    alive.end_by("INT").0.expect(130);
    of_other.end_by("INT").0.expect(130);
}

/// The process that watches over the one run of an application.
#[track_caller]
fn watchdog_of(app: &Application, run: &Started) -> u32 {
    let processes = app.processes().into_iter().filter(|process| *process != run.child.id());
    let watchdogs: Vec<u32> = processes.collect();
    assert_eq!(watchdogs.len(), 1, "one watchdog");
    watchdogs[0]
}

/// A volume with a label, of an application's machine.
fn volume(label: &str, of: &Application) -> String {
    let host = format!("xtask.host={}", of.host().expect("a host"));
    docker(&["volume", "create", "--label", label, "--label", &host]).trim().to_owned()
}
