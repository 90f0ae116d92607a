//! Commands on the host: shown before they run, followed line by line, and either let end once
//! begun or ended with us.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use xshell::Cmd;
use xtask_engine::event::Events;

/// How often the output of a running command is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How long a command that ends with us is waited for.
const CLEANS_UP_WITHIN: Duration = Duration::from_secs(2);
/// Lines of output that an error shows.
const TAIL: usize = 8;

/// A command that is ready to run. Unlike xshell's, it may cross an `await`.
pub(crate) struct Line {
    command: std::process::Command,
    shown: String,
    short: Option<String>,
    result: Option<File>,
    ends_with_us: bool,
    told: Tell,
}

/// How a line of output is told.
type Tell = fn(&Events, String);

impl Line {
    /// Its standard output is what it makes: it goes to `file`, and only its errors are told.
    pub(crate) fn writing_to(mut self, file: File) -> Self {
        self.result = Some(file);
        self
    }

    /// It is shown as `text`; all of it is a detail.
    pub(crate) fn shown_as(mut self, text: &str) -> Self {
        self.short = Some(text.to_owned());
        self
    }

    /// What it says is what the user wants to see: output rather than details.
    pub(crate) fn told_as_output(mut self) -> Self {
        self.told = |events, line| events.output(line);
        self
    }

    /// It is ended when nobody waits for it any more, by a signal on which it can clean up.
    pub(crate) fn ending_with_us(mut self) -> Self {
        self.ends_with_us = true;
        self
    }
}

impl From<Cmd<'_>> for Line {
    fn from(command: Cmd<'_>) -> Self {
        Self {
            shown: command.to_string(),
            command: command.into(),
            short: None,
            result: None,
            ends_with_us: false,
            told: |events, line| events.detail(line),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// A command that failed. `Display` says what and why, with the last lines of its output.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The command.
    pub command: String,
    /// How it ended: `exit code 100`, `signal 9`, or why it did not start.
    pub reason: String,
    /// All that it said.
    pub output: Vec<String>,
}

impl Failure {
    /// Whether one of `words` is in the output.
    pub(crate) fn says(&self, words: &[&str]) -> bool {
        says(&self.output, words)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` failed ({})", self.command, self.reason)?;
        match tail(&self.output).as_slice() {
            [] => Ok(()),
            lines => write!(f, "; it said:\n  {}", lines.join("\n  ")),
        }
    }
}

impl std::error::Error for Failure {}

/// Whether one of `words` is in `output`.
pub(crate) fn says(output: &[String], words: &[&str]) -> bool {
    output.iter().any(|line| words.iter().any(|word| line.contains(word)))
}

/// The lines of `output` that an error shows.
pub(crate) fn tail(output: &[String]) -> Vec<&str> {
    let lines: Vec<_> = output.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL)..].to_vec()
}

/// How a process ended, in words.
pub(crate) fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.code().map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"))
}

/// Shows `line`, runs it to its end, tells each line of its output as a detail (unless it is
/// [`Line::told_as_output`]), and returns them.
///
/// It is a process group of its own and writes into a file, not into a pipe: neither Ctrl-C nor
/// the end of this process stops it half way, unless it is [`Line::ending_with_us`].
pub(crate) async fn run(events: &Events, line: impl Into<Line>) -> Result<Vec<String>, Failure> {
    let Line { mut command, mut shown, short, result, ends_with_us, told } = line.into();
    if let Some(short) = short {
        events.detail(format!("$ {shown}"));
        shown = short;
    }
    events.notice(format!("$ {shown}"));
    let failure = |reason: String, output| Failure { command: shown.clone(), reason, output };
    let temporary = |error: io::Error| failure(format!("no temporary file: {error}"), vec![]);
    let (written, read) = scratch_file().map_err(temporary)?;
    let output = match result {
        Some(file) => file,
        None => written.try_clone().map_err(temporary)?,
    };
    command.stdin(Stdio::null()).stdout(output).stderr(written);
    #[cfg(unix)]
    if !ends_with_us {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    let child = command.spawn().map_err(|error| failure(error.to_string(), vec![]))?;
    drop(command); // and with it the files that it holds
    let mut child = Running { child, ends_with_us };

    let mut follow = Follow::new(read, told);
    let status = loop {
        // Asked before the last look: what was written until it ended is seen.
        let ended = child.child.try_wait().map_err(|error| failure(error.to_string(), vec![]))?;
        follow.tell(events);
        if let Some(status) = ended {
            break status;
        }
        tokio::time::sleep(TICK).await;
    };
    let output = follow.finish(events);
    if status.success() { Ok(output) } else { Err(failure(ending(status), output)) }
}

/// A process that may have to end with us.
struct Running {
    child: Child,
    ends_with_us: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ends_with_us && matches!(self.child.try_wait(), Ok(None)) {
            // std can only kill, and who is killed leaves its temporary files.
            let pid = self.child.id().to_string();
            let _ = std::process::Command::new("kill").args(["-TERM", &pid]).status();
            // It removes them now; as far as it is quick, before we go on.
            let begun = Instant::now();
            while begun.elapsed() < CLEANS_UP_WITHIN && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(TICK);
            }
        }
    }
}

/// A new file without a name, which goes away with its last user: a handle to write (at its end)
/// and one to read.
pub(crate) fn scratch_file() -> io::Result<(File, File)> {
    let path = std::env::temp_dir().join(unused_name());
    let written = OpenOptions::new().append(true).create_new(true).open(&path)?;
    let read = File::open(&path);
    // Open files live on without their name.
    let _ = std::fs::remove_file(&path);
    Ok((written, read?))
}

/// A name that no other file has.
fn unused_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("xtask-{}-{count}-{}", std::process::id(), now.as_nanos())
}

/// The end of a file that grows.
struct Follow {
    reader: BufReader<File>,
    part: Vec<u8>,
    lines: Vec<String>,
    told: Tell,
}

impl Follow {
    fn new(file: File, told: Tell) -> Self {
        Self { reader: BufReader::new(file), part: Vec::new(), lines: Vec::new(), told }
    }

    /// Tells the lines that were completed since the last look.
    fn tell(&mut self, events: &Events) {
        while self.reader.read_until(b'\n', &mut self.part).is_ok_and(|count| count > 0) {
            if self.part.ends_with(b"\n") {
                self.end_line(events);
            }
        }
    }

    fn finish(mut self, events: &Events) -> Vec<String> {
        self.tell(events);
        if !self.part.is_empty() {
            self.end_line(events);
        }
        self.lines
    }

    fn end_line(&mut self, events: &Events) {
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.part)).into_owned();
        // A progress bar overwrites its line: what is left to read is the last state.
        let line = text.trim_end().rsplit('\r').next().unwrap_or_default().to_owned();
        if !line.is_empty() {
            (self.told)(events, line.clone());
            self.lines.push(line);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::testing::{Told, events};
    use xshell::{Shell, cmd};

    #[tokio::test]
    async fn shows_the_command_and_its_lines() {
        let (events, told) = events();
        let sh = Shell::new().unwrap();
        run(&events, cmd!(sh, "printf 'one\n50%%\r100%%\ntwo'")).await.unwrap();
        assert_eq!(
            told.all(),
            [
                Told::Notice("$ printf \"one\\n50%%\\r100%%\\ntwo\"".into()),
                Told::Detail("one".into()),
                Told::Detail("100%".into()),
                Told::Detail("two".into()),
            ]
        );
    }

    #[tokio::test]
    async fn a_failure_says_why_with_the_last_lines() {
        let (events, _) = events();
        let sh = Shell::new().unwrap();
        let script = "for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; done; echo E: no space >&2; exit 100";
        let failure = run(&events, cmd!(sh, "sh -c {script}")).await.unwrap_err();
        assert_eq!(failure.reason, "exit code 100");
        assert_eq!(failure.output.len(), 11);
        assert!(failure.says(&["no space"]));
        let text = failure.to_string();
        assert!(
            text.ends_with("(exit code 100); it said:\n  4\n  5\n  6\n  7\n  8\n  9\n  10\n  E: no space"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn what_it_makes_is_no_detail() {
        let (events, told) = events();
        let sh = Shell::new().unwrap();
        let (written, mut read) = scratch_file().unwrap();
        let script = "echo made; echo said >&2";
        run(&events, Line::from(cmd!(sh, "sh -c {script}")).writing_to(written)).await.unwrap();
        assert_eq!(told.all()[1..], [Told::Detail("said".into())]);
        assert_eq!(io::read_to_string(&mut read).unwrap(), "made\n");
    }

    #[tokio::test]
    async fn one_that_ends_with_us_may_clean_up() {
        let (events, told) = events();
        let sh = Shell::new().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let cleaned = dir.path().join("cleaned");
        let script = "trap 'touch \"$0\"; exit 1' TERM; echo begun; while :; do sleep 0.05; done";
        let line = Line::from(cmd!(sh, "sh -c {script} {cleaned}")).ending_with_us();
        let begun = async {
            while !told.all().contains(&Told::Detail("begun".into())) {
                tokio::task::yield_now().await;
            }
            Instant::now()
        };
        let asked = tokio::select! {
            result = run(&events, line) => panic!("it ended: {result:?}"),
            asked = begun => asked,
        };
        // It was waited for, if not for as long as a busy machine may hold it up.
        assert!(cleaned.exists() || asked.elapsed() >= CLEANS_UP_WITHIN);
        while !cleaned.exists() {
            assert!(asked.elapsed() < Duration::from_secs(120), "it never cleaned up");
            std::thread::sleep(TICK);
        }
    }

    #[tokio::test]
    async fn a_command_that_is_not_there_is_a_failure() {
        let (events, _) = events();
        let sh = Shell::new().unwrap();
        let failure = run(&events, cmd!(sh, "xtask-no-such-program")).await.unwrap_err();
        assert!(failure.reason.contains("No such file"), "{}", failure.reason);
    }
}
