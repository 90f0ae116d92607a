//! What there is to do with the parts of a stack: `ps`, `logs`, `exec`, `shell`, `restart`, `open`.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tests::{Application, Pane, binary, docker, get, wait_until};

use crate::logs;

/// A run with something on its standard input.
#[track_caller]
fn run_with(app: &Application, args: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(binary());
    command.args(args).args(["--prefix", &app.prefix()]).env("XDG_STATE_HOME", app.state());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("GITHUB_ACTIONS");
    let mut child = command.spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("its end");
    let _ = writer.join().expect("a thread"); // it may read none of it
    output
}

/// The same in a terminal of its own, after shell commands there.
#[track_caller]
fn in_terminal(app: &Application, before: &str, args: &str, after: &str) -> String {
    let line = format!("{before}; {} {args}; {after}", binary().display());
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.env("XDG_STATE_HOME", app.state()).env_remove("GITHUB_ACTIONS");
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("script");
    let _nobody_types = child.stdin.take(); // and it is open: `script` would type its end
    let output = child.wait_with_output().expect("its end");
    String::from_utf8_lossy(&output.stdout).replace('\r', "")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_parts_of_a_stack_can_be_looked_at_and_worked_with() {
    let app = Application::new();
    let missing = app.of_stack("exec", &["crux", "true"]).expect(3);
    missing.sentence(&["there is no stack", "cargo xtask up"]);
    missing.sentence(&["`cargo xtask up --prefix"]);
    assert!(app.of_stack("ps", &[]).expect(0).stdout.contains("there is no stack"));
    let none = app.of_stack("ps", &["--json"]).expect(0);
    assert_eq!((&*none.stdout, &*none.stderr), ("", ""));
    let up = app.of_stack("up", &[]).expect(0);
    ps(&app);
    exec(&app);
    terminal(&app);
    logs::logs(&app);
    jobs(&app);

    let started = |part: &str| docker(&["inspect", "--format", "{{.State.StartedAt}}", &app.container(part)]);
    let (kratos, before) = (app.container("kratos"), started("kratos"));
    let restart = app.of_stack("restart", &["kratos", "kratos"]).expect(0);
    assert_eq!(restart.stdout, "ready again: kratos\n");
    assert_eq!(app.container("kratos"), kratos);
    assert_ne!(started("kratos"), before);

    let open = app.of_stack("open", &["--print"]).expect(0);
    assert_eq!(open.stdout.trim(), format!("http://{}", up.door("traefik")));

    // One that ends starts again; one that a person stopped stays so, and is told.
    let crux = started("crux");
    let _ = get(&up.door("crux"), "/die");
    wait_until("crux to start again", || (started("crux") != crux).then_some(()));
    docker(&["stop", "--time", "0", &app.container("mail")]);
    let ps = app.of_stack("ps", &[]).expect(0);
    assert!(ps.stdout.contains("not running: mail;"), "{}", ps.stdout);
    let hint = format!("`cargo xtask up --prefix {}` starts it", app.prefix());
    app.of_stack("exec", &["mail", "true"]).expect(3).sentence(&["mail does not run", &hint]);
    app.of_stack("down", &["--volumes"]).expect(0);
}

fn ps(app: &Application) {
    let ps = app.of_stack("ps", &["--json"]).expect(0);
    let parts: Vec<Value> =
        ps.stdout.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(parts.len(), 8, "{}", ps.stdout);
    for part in &parts {
        let is_job = part["job"] == true;
        assert_eq!(part["state"], if is_job { "exited" } else { "running" }, "{part}");
        assert_eq!(part["ready"], if is_job { Value::Null } else { true.into() }, "{part}");
        assert_eq!(part["memory"].as_u64().is_some_and(|bytes| bytes > 1_000_000), !is_job, "{part}");
    }
    assert_eq!(parts[0]["part"], "crux");
    assert_eq!(parts[0]["ports"][0]["port"], 1848);
    let table = app.of_stack("ps", &[]).expect(0).stdout;
    let database = table.lines().find(|line| line.starts_with("database ")).expect("a row");
    assert!(database.contains(" ready ") && database.contains("postgres:14.2-alpine"), "{database}");
}

fn exec(app: &Application) {
    let script = "echo out; echo err >&2; exit 7";
    let prefix = app.prefix();
    let run = app.run(&["exec", "--prefix", &prefix, "crux", "--", "sh", "-c", script]);
    assert_eq!((run.code, &*run.stdout, &*run.stderr), (Some(7), "out\n", "err\n"));
    let million = vec![b'x'; 1_000_000];
    let output = run_with(app, &["shell", "crux"], b"echo $((40 + 2)); exit 3");
    assert_eq!((output.status.code(), &*text(&output.stdout)), (Some(3), "42\n"));
    let state = app.state();
    let mut count = Command::new(binary());
    count.args(["exec", "--prefix", &prefix, "crux", "wc", "-c"]).env("XDG_STATE_HOME", state);
    let mut child = count.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(&million).expect("all is read");
    assert_eq!(text(&child.wait_with_output().expect("its end").stdout).trim(), "1000000");
    app.of_stack("exec", &["cruks", "true"]).expect(2).sentence(&["did you mean crux?"]);
}

fn terminal(app: &Application) {
    let prefix = app.prefix();
    let args = format!("exec --prefix {prefix} crux sh -c 'sleep 1; tty; stty size; exit 5'");
    let said = in_terminal(app, "stty rows 33 cols 99; stty -g", &args, "echo code $?; stty -g");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 5, "{said}");
    assert!(lines[1].starts_with("/dev/pts/"), "{said}");
    assert_eq!(&lines[2..4], ["33 99", "code 5"], "{said}");
    assert_eq!(lines[0], lines[4], "the terminal is as it was");

    let pane = Pane::new(80, 24);
    let state = app.state();
    let program = format!("XDG_STATE_HOME='{}' {}", state.display(), binary().display());
    // Nine lines, and none is broken: it is wider where there is room.
    assert!(app.of_stack("ps", &[]).expect(0).stdout.lines().any(|line| line.chars().count() > 80));
    pane.type_line(&format!("{program} ps --prefix {prefix}"));
    let table = pane.wait_for("the table", |screen| screen.contains("\nkratos-migrate "));
    let lines: Vec<&str> = table.lines().skip_while(|line| !line.starts_with("part ")).collect();
    assert!(lines[1].starts_with("crux ") && lines[8].starts_with("kratos-migrate "), "{table}");
    pane.clear();
    // Each size that the terminal gets meanwhile, the last one at least.
    let args = format!("exec --prefix {prefix} crux sh -c 'while stty size; do sleep 0.1; done'");
    pane.type_line(&format!("{program} {args}"));
    pane.wait_for("its size", |screen| screen.lines().any(|line| line == "24 80"));
    for columns in 90..=99 {
        pane.resize(columns, 33);
    }
    pane.wait_for("its last size", |screen| screen.lines().any(|line| line == "33 99"));
    pane.press("C-c");
    pane.wait_for("its end", |screen| screen.ends_with('$'));
}

fn jobs(app: &Application) {
    let migrate = "crux-migrate";
    let done = app.of_stack("exec", &[migrate, "true"]).expect(3);
    let again = format!("`cargo xtask restart --prefix {} {migrate}` runs it again", app.prefix());
    done.sentence(&["runs to its end, and does not run now", &again]);
    let restart = app.of_stack("restart", &[migrate, "mail", migrate]).expect(0);
    assert_eq!(restart.stdout, format!("completed again: {migrate}\nready again: mail\n"));
    let log = app.of_stack("logs", &[migrate]).expect(0).stdout;
    assert_eq!(log.matches("no migration is left to do").count(), 2, "{log}");
}
