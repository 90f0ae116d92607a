//! `logs`: what parts printed; and with `-f` what they print, whichever containers they are meanwhile.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tests::{Application, binary, docker, wait_until};

/// What the parts of a stack that is up have printed, and print.
pub fn logs(app: &Application) {
    let one = app.of_stack("logs", &["crux"]).expect(0);
    assert!(one.stdout.lines().any(|line| line == "crux listens"), "{}", one.stdout);
    let job = app.of_stack("logs", &["crux-migrate", "--tail", "1"]).expect(0);
    assert_eq!(job.stdout, "no migration is left to do\n");
    let all = app.of_stack("logs", &[]).expect(0).stdout;
    for line in ["    crux | crux listens", " crux-ui | crux-ui listens"] {
        assert!(all.lines().any(|known| known == line), "{line} in {all}");
    }
    let place = |text: &str| all.find(text).unwrap_or_else(|| panic!("{text} in {all}"));
    assert!(place("database |") < place("    crux |"), "in the order of time: {all}");
    let none = app.of_stack("logs", &["--since", "2100-01-01T00:00:00Z"]);
    assert_ne!(none.code, Some(0), "a time that the engine's API cannot hold is told");
    let since = app.of_stack("logs", &["--since", "2037-01-01T00:00:00Z", "crux"]).expect(0);
    assert_eq!(since.stdout, "");
    app.of_stack("logs", &["databse"]).expect(2).sentence(&["did you mean database?"]);

    options(app, &all);

    // What comes, too, until Ctrl-C. It tells nobody that it listens: it is told until it heard it.
    let mut following = Following::of(app, &["--tail", "0", "database", "mail"]);
    let warn = "DO $$ BEGIN RAISE WARNING 'to the log'; END $$";
    let psql = ["psql", "--username=crux", "--dbname=crux", "--command", warn];
    wait_until("a line of the log", || {
        docker(&[&["exec", &*app.container("database")], psql.as_slice()].concat());
        following.hear(Duration::from_millis(500))
    });
    let line = &following.heard[0];
    assert!(line.starts_with("database | ") && line.ends_with("WARNING:  to the log"), "{line}");
    let id = following.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    assert_eq!(following.end(), (Some(130), String::new()));
}

fn options(app: &Application, all: &str) {
    let shown = |args: &[&str]| app.of_stack("logs", args).expect(0).stdout;
    assert_eq!(shown(&["--tail", "all"]), all);
    let two = shown(&["crux", "crux-ui", "crux"]);
    assert_eq!(two.matches("crux | crux listens").count(), 1, "{two}");
    let bare = shown(&["--no-log-prefix", "crux", "crux-ui"]);
    assert!(bare.lines().any(|line| line == "crux listens") && !bare.contains('|'), "{bare}");
    let timed = shown(&["-t", "--tail", "1", "crux"]);
    let (time, line) = timed.split_once(' ').expect("a time and a line");
    assert!(time.starts_with("20") && time.ends_with('Z') && line == "crux listens\n", "{timed}");
    let timed = shown(&["-t", "crux", "mail"]);
    let line = timed.lines().find(|line| line.ends_with("Z crux listens")).expect("its line");
    assert!(line.starts_with("crux | 20"), "{line}");
    assert_eq!(shown(&["--until", "2020-01-01T00:00:00Z", "crux"]), "");
    assert_eq!(shown(&["--since", "2020-01-01T00:00:00Z", "--until", "0s", "crux"]), shown(&["crux"]));
}

/// `logs -f` that runs.
struct Following {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Following {
    fn of(app: &Application, args: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.args(["logs", "--prefix", &app.prefix(), "-f"]).args(args).env("XDG_STATE_HOME", app.state());
        command.env_remove("GITHUB_ACTIONS").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let (tell, lines) = channel();
        let read = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        thread::spawn(move || read.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        Self { child, lines, heard: Vec::new() }
    }

    /// Waits so long for a line.
    fn hear(&mut self, time: Duration) -> Option<()> {
        self.heard.push(self.lines.recv_timeout(time).ok()?);
        Some(())
    }

    /// Waits until so many lines have begun like this.
    #[track_caller]
    fn wait_for(&mut self, count: usize, start: &str) {
        wait_until(&format!("{count} lines like {start:?}"), || {
            self.heard.extend(self.lines.try_iter());
            (self.heard.iter().filter(|line| line.starts_with(start)).count() >= count).then_some(())
        });
    }

    /// Its exit code and standard error, when it has ended and all of it was heard.
    fn end(&mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        let stderr = self.child.stderr.as_mut().expect("a pipe");
        stderr.read_to_string(&mut said).expect("its standard error");
        let code = self.child.wait().expect("its end").code();
        self.heard.extend(self.lines.iter());
        (code, said)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait()); // of a test that failed
    }
}

/// Printed by each process once.
const START: &str = "console.log('start ' + require('crypto').randomUUID())";
/// What a container waits for before it listens.
const GO: &str = "/tmp/go";

/// The containers of a part that run, as name and id, but for those that are known.
fn running(app: &Application, part: &str, but: &[&str]) -> Option<(String, String)> {
    let [prefix, part] = [("prefix", app.prefix()), ("part", part.to_owned())]
        .map(|(label, value)| format!("label=xtask.{label}={value}"));
    let format = "{{.Names}} {{.ID}}";
    let filters = ["--filter", &prefix, "--filter", &part];
    let listed = docker(&[&["ps", "--no-trunc", "--format", format], filters.as_slice()].concat());
    let mut all = listed.lines().filter_map(|line| line.split_once(' '));
    let new = all.find(|(_, id)| !but.contains(id));
    new.map(|(name, id)| (name.to_owned(), id.to_owned()))
}

#[test]
fn a_part_is_followed_through_restarts_and_replacements() {
    let app = Application::new();
    app.serve_also(START);
    let serve = app.path("web/crux/serve.js");
    let first = fs::read_to_string(&serve).expect("a file");
    app.of_stack("up", &[]).expect(0);
    let old = app.container("crux");
    let mut following = Following::of(&app, &["crux"]);
    following.wait_for(1, "start ");
    app.of_stack("restart", &["crux"]).expect(0);
    following.wait_for(2, "start ");

    // A replacement that goes on until this test lets it: one stands by, and the new one is not ready.
    let listen = ".listen(1848, () => console.log('crux listens'))";
    let held = format!(
        "const held = setInterval(() => {{\n  if (!require('fs').existsSync('{GO}')) return\n  \
         clearInterval(held)\n  server{listen}\n}}, 50)"
    );
    let second = first.replace("http\n  .createServer", "const server = http\n  .createServer");
    let second = second.replace(&format!("  {listen}"), &held) + "console.log('second version')\n";
    fs::write(&serve, second).expect("a file");
    let up = app.start(&["up", "--prefix", &app.prefix()]);
    let (_, stand_by) = wait_until("one to stand by", || running(&app, "crux", &[&old]));
    docker(&["exec", &stand_by, "sh", "-c", &format!("echo go > {GO}")]);
    let (_, new) = wait_until("the new one", || running(&app, "crux", &[&old, &stand_by]));
    following.wait_for(4, "start ");
    assert!(docker(&["inspect", "--format", "{{.State.Status}}", &old]).contains("exited"));
    let served = app.run(&["exec", "--prefix", &app.prefix(), "crux", "--", "cat", GO]).expect(0);
    assert_eq!(served.stdout, "go\n", "it is the one that stands by");
    let log = app.of_stack("logs", &["crux"]).expect(0).stdout;
    assert!(log.contains("second version") && log.contains("crux listens"), "{log}");
    let ps = app.of_stack("ps", &["--json"]).expect(0).stdout;
    let parts = ps.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
    let crux: Vec<Value> = parts.filter(|part| part["part"] == "crux").collect();
    assert_eq!(crux.len(), 1, "{ps}");
    assert_eq!((&crux[0]["being_replaced"], &crux[0]["state"]), (&true.into(), &"running".into()), "{ps}");
    let ps = app.of_stack("ps", &[]).expect(0);
    assert!(ps.stdout.contains("ready, being replaced") && ps.stderr.is_empty(), "{ps:?}");

    // It is given up: the old one starts again. Then one that comes to its end.
    up.signal("INT");
    assert_eq!(up.finish().code, Some(130));
    following.wait_for(5, "start ");
    assert!(running(&app, "crux", &[&old, &stand_by, &new]).is_none());
    fs::write(&serve, format!("{first}console.log('third version')\n")).expect("a file");
    app.of_stack("up", &[]).expect(0);
    following.wait_for(7, "start ");
    assert!(following.child.try_wait().expect("a child").is_none(), "it goes on");
    let last = docker(&["logs", &app.container("crux")]);
    let start = last.lines().find(|line| line.starts_with("start ")).expect("its start").to_owned();

    app.of_stack("down", &["--volumes"]).expect(0);
    assert_eq!(following.end().0, Some(0), "with the stack");
    let starts: Vec<&String> = following.heard.iter().filter(|line| line.starts_with("start ")).collect();
    let each: BTreeSet<&String> = starts.iter().copied().collect();
    assert_eq!((starts.len(), each.len()), (7, 7), "each once: {starts:?}");
    assert!(each.contains(&start));
    let count = |text: &str| following.heard.iter().filter(|line| *line == text).count();
    assert_eq!((count("second version"), count("third version")), (2, 2), "{:?}", following.heard);
}
