//! Runs in unusual circumstances: as another user, stopped in the middle, in a changed system.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Fixture, Run, Started, binary};

/// What ends promptly has ended by then, on a machine that has time for it; see [`soon`]. A user's
/// limit is 3 s, and 2 s after a SIGKILL; a process may be held up for some seconds more. What must
/// not be waited for, the ten seconds that a container has to end by itself, takes longer.
const SOON: Duration = Duration::from_secs(10);
/// Longer than any wait may take on a busy machine: then the test fails and says what it waited for.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks at something that cannot be waited for otherwise.
const LOOK: Duration = Duration::from_millis(10);
/// The user and group `nobody`.
const NOBODY: u32 = 65534;

/// Waits until `done` gives something; panics with `what` when that never happens.
#[track_caller]
pub fn wait_until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(begun.elapsed() < PATIENCE, "waited for {what} without end");
        thread::sleep(LOOK);
    }
}

/// How long what ends promptly may take: ten seconds or, where a busy machine makes everything slow,
/// no longer than it took to get that far, since `begun`.
pub fn soon(begun: Instant) -> Duration {
    SOON.max(begun.elapsed())
}

impl Started {
    /// A run of `command`, whose record goes to `record`.
    pub fn of(mut command: Command, record: &Path) -> Self {
        command.env_remove("GITHUB_ACTIONS").env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the command starts");
        Self { child, begun: Instant::now(), record: record.to_path_buf() }
    }

    /// Waits for an event.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) {
        self.wait_for_run(what, |events| events.iter().any(&wanted));
    }

    /// Waits until the events so far are as they should be.
    #[track_caller]
    pub fn wait_for_run(&mut self, what: &str, wanted: impl Fn(&[Value]) -> bool) {
        let path = self.record.join("events.jsonl");
        wait_until(what, || {
            // Asked first: what it told until its end is in the text that is read then.
            let ended = self.child.try_wait().expect("a child").is_some();
            let text = fs::read_to_string(&path).unwrap_or_default();
            // The last line may be half written.
            let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let found = wanted(&events.collect::<Vec<_>>());
            assert!(found || !ended, "the run ended before {what}: {text}");
            found.then_some(())
        });
    }

    /// The id of the session that it has on the engine.
    #[track_caller]
    pub fn session(&self) -> String {
        let text = fs::read_to_string(self.record.join("events.jsonl")).expect("its events");
        let mut events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let created = events.find(|event| event["event"] == "network_created").expect("a network");
        created["session"].as_str().expect("an id").to_owned()
    }

    /// Waits until a service is ready.
    #[track_caller]
    pub fn wait_until_ready(&mut self, service: &str) {
        self.wait_for(&format!("{service} to be ready"), |event| {
            event["service"] == service && event["state"]["kind"] == "ready"
        });
    }

    /// Waits until a step prints a line that contains `text`.
    #[track_caller]
    pub fn wait_for_output(&mut self, text: &str) {
        self.wait_for(text, |event| {
            event["event"] == "step_log" && event["text"].as_str().is_some_and(|log| log.contains(text))
        });
    }

    /// Waits until it has read so many bytes from files.
    #[track_caller]
    pub fn wait_for_reading(&mut self, bytes: u64) {
        let path = format!("/proc/{}/io", self.child.id());
        wait_until("reading", || {
            assert!(self.child.try_wait().expect("a child").is_none(), "the run ended before");
            let text = fs::read_to_string(&path).unwrap_or_default();
            let read = text.lines().find_map(|line| line.strip_prefix("rchar: "));
            read.and_then(|read| read.parse::<u64>().ok()).filter(|read| *read > bytes).map(drop)
        });
    }

    /// How long its end may take when something ends it now; see [`soon`].
    pub fn soon(&self) -> Duration {
        soon(self.begun)
    }

    /// Sends a signal by its name: `INT`.
    pub fn signal(&self, name: &str) {
        send(name, self.child.id());
    }

    /// Sends a signal; gives what came of the run and how long that took.
    pub fn end_by(self, signal: &str) -> (Run, Duration) {
        let begun = Instant::now();
        self.signal(signal);
        let run = self.finish();
        (run, begun.elapsed())
    }
}

/// Sends a signal to a process.
pub(crate) fn send(signal: &str, pid: u32) {
    let sent = Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status();
    assert!(sent.expect("kill").success(), "kill -{signal} {pid}");
}

impl Run {
    /// The one sentence on standard error, which must contain all of `parts`.
    #[track_caller]
    pub fn sentence(&self, parts: &[&str]) {
        let text = self.stderr.trim_end();
        assert_eq!(text.lines().count(), 1, "one line: {text}\n{}", self.stdout);
        assert!(text.starts_with("error: "), "{text}");
        assert_eq!(text.matches("error:").count(), 1, "{text}");
        for part in parts {
            assert!(text.contains(part), "{part:?} in: {text}");
        }
        for ugly in ["os error", "Some(", "None", "panicked", "context canceled", "rpc error"] {
            assert!(!text.contains(ugly), "{ugly:?} in: {text}");
        }
    }
}

/// Whether any process has `text` in its command line.
fn is_running(text: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok()).any(|line| {
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(text) && !line.contains("xtask test-ui")
    })
}

/// Waits until a process has `text` in its command line: for a moment a process that becomes another
/// program has none.
#[track_caller]
pub fn wait_until_running(text: &str) {
    wait_until(&format!("a process with {text}"), || is_running(text).then_some(()));
}

/// Waits until no process has `text` in its command line.
#[track_caller]
pub fn wait_until_gone(text: &str) {
    wait_until(&format!("the end of {text}"), || (!is_running(text)).then_some(()));
}

/// Waits until a process that was killed is dead, and lets go of all that it held: a signal is only
/// the beginning of its end.
#[track_caller]
pub fn wait_until_dead(pid: u32) {
    wait_until(&format!("the end of process {pid}"), || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
        // The name before the state may hold anything. Dead: gone, or nobody has asked for its code yet.
        let lives =
            stat.is_ok_and(|stat| !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X'])));
        (!lives).then_some(())
    });
}

/// Fails where the test is not run by root: what is missing is told, not skipped.
#[track_caller]
pub fn needs_root(what: &str) {
    let root = fs::metadata("/proc/self").map(|this| std::os::unix::fs::MetadataExt::uid(&this));
    assert!(root.is_ok_and(|uid| uid == 0), "this test must be run by root: {what}");
}

impl Fixture {
    /// A command line of the binary for this repository, with the record in `record`; the binary is
    /// where any user can run it.
    pub fn command_line(&self, args: &[&str], record: &Path) -> Vec<String> {
        fs::set_permissions(self.root(), fs::Permissions::from_mode(0o755)).expect("permissions");
        let copy = self.path(".xtask");
        if !copy.exists() {
            // By another process: a program that somebody has open for writing cannot be run, and any
            // process that another test starts meanwhile would have it open, too.
            let copied = Command::new("cp").arg(binary()).arg(&copy).status();
            assert!(copied.expect("cp").success(), "a copy of the binary");
        }
        let words = [&*copy.to_string_lossy()].map(str::to_owned).into_iter();
        let words = words.chain(args.iter().map(ToString::to_string));
        let (root, record) = (self.root().display().to_string(), record.display().to_string());
        words.chain(["--repo".into(), root, "--record".into(), record]).collect()
    }

    /// Runs a task as the user nobody, who may use the engine if `with_engine`.
    #[track_caller]
    pub fn run_as_nobody(&self, args: &[&str], with_engine: bool) -> Run {
        self.run_as_nobody_with(args, with_engine, &[])
    }

    /// The same with further variables in its environment.
    #[track_caller]
    pub fn run_as_nobody_with(&self, args: &[&str], with_engine: bool, env: &[(&str, &str)]) -> Run {
        needs_root("it runs the binary as another user");
        let (record, home) = (self.new_record(), self.path(".home"));
        for dir in [&record, &home] {
            fs::create_dir_all(dir).expect("a folder");
            chown(dir, Some(NOBODY), Some(NOBODY)).expect("chown");
        }
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={NOBODY}")).arg(format!("--regid={NOBODY}"));
        match with_engine {
            true => command.arg(format!("--groups={}", crate::stub::engine_group())),
            false => command.arg("--clear-groups"),
        };
        command.args(self.command_line(args, &record)).env("HOME", home).envs(env.iter().copied());
        Started::of(command, &record).finish()
    }

    /// Runs a task in a mount namespace of its own, after the shell commands in `before`, in which
    /// `$1` is this repository and `$2` the folder of the record.
    #[track_caller]
    pub fn run_after(&self, before: &str, args: &[&str]) -> Run {
        needs_root("it mounts file systems of its own");
        let record = self.new_record();
        let script = format!("{before}\nshift 2\nexec \"$@\"");
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-ec", &script, "sh"]).arg(self.root()).arg(&record);
        command.args(self.command_line(args, &record));
        Started::of(command, &record).finish()
    }
}
