//! The live view, in a real terminal.

use tests::{Fixture, Pane, needs_root};

/// A test command that prints a line now and then, for ever.
const CHATTER: &str =
    "let line = 0; setInterval(() => console.log(`still here ${line++} ${'測試 '.repeat(60)}`), 100)";

/// The row of the test, in what the pane shows.
fn row(screen: &str) -> Vec<&str> {
    screen.lines().filter(|line| line.contains("test-ui") && line.contains("test npm run test")).collect()
}

fn is_live(screen: &str) -> bool {
    row(screen).len() == 1 && screen.contains("│ still here")
}

/// The number of the last line of the test that is shown.
fn last_line(screen: &str) -> usize {
    let numbers = screen.lines().filter_map(|line| line.split("still here ").nth(1)?.split(' ').next());
    numbers.filter_map(|number| number.parse().ok()).max().expect("a line")
}

fn command(repo: &Fixture) -> String {
    repo.command_line(&["test-ui"], &repo.new_record()).join(" ")
}

#[test]
fn a_run_is_watched_resized_suspended_and_stopped() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", CHATTER);
    let pane = Pane::new(80, 24);
    pane.type_line("stty -a | cksum; clear");
    pane.type_line(&command(&repo));
    pane.wait_for("the live view", is_live);

    for (columns, rows) in [(200, 60), (40, 10), (20, 5), (80, 24)] {
        pane.resize(columns, rows);
        // Whatever the terminal made of it, after a frame the live view is there, once.
        pane.wait_for("the live view in another size", |screen| {
            let is_there = if columns > 40 { is_live(screen) } else { screen.contains("│ still") };
            is_there
                && screen.lines().filter(|line| line.starts_with("test-ui")).count() == 1
                && screen.lines().count() < usize::from(rows)
        });
    }

    for key in ["Enter", "Enter", "x", "Enter"] {
        let before = last_line(&pane.wait_for("the live view", is_live));
        pane.press(key);
        // Some frames later.
        let screen = pane.wait_for("more of it", |screen| is_live(screen) && last_line(screen) > before + 3);
        let heads = screen.lines().filter(|line| line.starts_with("test-ui")).count();
        assert_eq!(heads, 1, "after {key}: {screen}");
    }

    pane.press("C-z");
    pane.wait_for("the shell", |screen| screen.ends_with("ready$") && screen.contains("Stopped"));
    assert_eq!(pane.format("#{cursor_flag}"), "1");
    pane.type_line("echo the shell is $((40 + 2))");
    let screen = pane.wait_for("the shell", |screen| screen.contains("the shell is 42"));
    assert!(screen.contains("│ still here"), "it stays where it was: {screen}");
    pane.clear();
    pane.type_line("fg");
    pane.wait_for("the live view after fg", is_live);

    pane.press("C-c");
    let screen = pane.wait_for("the end", |screen| screen.ends_with("ready$"));
    assert!(screen.contains("error: stopped by Ctrl-C") && screen.contains("Stopped after"), "{screen}");
    assert!(!screen.contains('│'), "nothing is left of the live view: {screen}");
    assert_eq!(pane.format("#{cursor_flag} #{alternate_on} #{mouse_any_flag}"), "1 0 0");
    pane.type_line("echo code $?");
    pane.wait_for("its exit code", |screen| screen.contains("code 130"));
}

#[test]
fn a_run_that_passed_leaves_its_result() {
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", "console.log('no more than this')");
    let pane = Pane::new(80, 24);
    let command = command(&repo);
    for cached in [false, true] {
        pane.clear();
        pane.type_line(&command);
        let screen = pane
            .wait_for("the result", |screen| screen.ends_with("ready$") && screen.contains("Finished in"));
        let result = screen.lines().find(|line| line.starts_with("✔ test-ui")).expect("a result");
        assert!(result.contains("· 2 passed"), "{screen}");
        assert_eq!(result.contains("all CACHED"), cached, "{screen}");
        assert!(!screen.contains('│') && !screen.contains("no more than this"), "{screen}");
    }
    pane.clear();
    pane.type_line(&format!("{command} | cat"));
    let screen = pane.wait_for("plain output", |screen| screen.contains("Finished in"));
    assert!(screen.contains("CACHED test npm run test"), "{screen}");
}

#[test]
fn a_run_in_a_container_that_was_entered() {
    needs_root("it makes a PID namespace");
    let repo = Fixture::new();
    repo.write("web/crux-ui/extra.js", CHATTER);
    let pane = Pane::new(80, 24);
    // Session and process group are those of the shell, which is not in the namespace: their ids are 0.
    pane.type_line(&format!("unshare --pid --fork --mount-proc {}", command(&repo)));
    pane.wait_for("the live view", is_live);
    pane.press("C-c");
    let screen = pane.wait_for("the end", |screen| screen.ends_with("ready$"));
    assert!(screen.contains("error: stopped by Ctrl-C") && screen.contains("Stopped after"), "{screen}");
    pane.type_line("echo code $?");
    pane.wait_for("its exit code", |screen| screen.contains("code 130"));
}
