//! Docker Engine as a program of this machine: is it installed, is it running, start it. How it is
//! spoken to is `xtask_engine::docker`'s affair.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;
use xshell::Shell;
use xtask_engine::event::Events;

use super::command::{self, Line};
use super::{Interrupted, NotReady, Privilege};

/// Where an engine that was started by hand writes.
const LOG: &str = "/var/log/xtask-dockerd.log";
/// Where `dockerd` keeps its process id, and that of its containerd, unless it is told otherwise.
const PID_FILES: [(&str, &str); 2] =
    [("/var/run/docker.pid", "dockerd"), ("/var/run/docker/containerd/containerd.pid", "containerd")];
/// A first start makes its directories and databases; on a slow disk that takes a while.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(50);

/// Who starts the engine on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starter {
    /// systemd.
    Systemd,
    /// Nobody: it is started by hand, in a session of its own.
    ByHand,
}

impl Starter {
    /// Finds out, as `sd_booted(3)` does.
    pub(crate) fn find() -> Self {
        if Path::new("/run/systemd/system").is_dir() { Self::Systemd } else { Self::ByHand }
    }

    /// What a person would type.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Systemd => "systemctl start docker",
            Self::ByHand => "dockerd &",
        }
    }

    /// What [`start`] will do, for people.
    pub(crate) fn shown(self, privilege: Privilege) -> String {
        match self {
            Self::Systemd => format!("{}systemctl start docker", privilege.prefix()),
            Self::ByHand => format!("{}dockerd, in the background; its log: {LOG}", privilege.prefix()),
        }
    }
}

/// Whether the engine is installed.
pub(crate) fn is_installed() -> bool {
    super::program("dockerd").is_some()
}

/// Starts the engine and waits until `answers`. One that is on its way already, because its
/// package started it, is only waited for.
///
/// # Errors
/// `NotReady` with the engine's last words if it dies or does not answer; `Interrupted`.
pub(crate) async fn start(
    events: &Events,
    privilege: Privilege,
    starter: Starter,
    answers: impl AsyncFn() -> bool,
    stop: &CancellationToken,
) -> Result<()> {
    if is_running() {
        events.notice("a dockerd is starting already; waiting for it");
        return wait(None, "its own log", answers, stop).await;
    }
    match starter {
        Starter::Systemd => {
            let line = {
                let sh = Shell::new().context("cannot run commands here")?;
                Line::from(privilege.command(&sh, "systemctl").args(["start", "docker"]))
            };
            let started = command::run(events, line).await;
            started.map_err(|failure| {
                NotReady(format!(
                    "the container engine does not start: {failure}\n`journalctl -u docker` says more"
                ))
            })?;
            wait(None, "`journalctl -u docker`", answers, stop).await
        }
        Starter::ByHand => {
            let dockerd = super::program("dockerd")
                .ok_or_else(|| NotReady("dockerd is not installed: run `cargo xtask setup`".into()))?;
            let (command, shown) = {
                let sh = Shell::new().context("cannot run commands here")?;
                // The shell opens the log with the engine's rights, which under sudo are not ours.
                let script = r#"log=$1; shift; rm -f -- "$@"; exec "$0" >"$log" 2>&1 </dev/null"#;
                // sudo would stay as long as its command, so there the command forks away; without
                // sudo the engine is our own child, whose early death is seen.
                let fork = (privilege == Privilege::Sudo).then_some("--fork");
                let line = privilege.command(&sh, "setsid").args(fork).args(["sh", "-c", script]);
                // Of an engine that was killed: dockerd takes any process of that number for itself.
                let stale = PID_FILES.into_iter().filter(|(file, program)| is_stale(file, program));
                let stale: Vec<_> = stale.map(|(file, _)| file).collect();
                let line = line.arg(&dockerd).arg(LOG).args(&stale);
                let prefix = privilege.prefix();
                let rm: String = stale.iter().map(|file| format!("{prefix}rm {file}; ")).collect();
                let shown = format!("{rm}{prefix}{} >{LOG} 2>&1 &", dockerd.display());
                (std::process::Command::from(line), shown)
            };
            launch(events, command, &shown, Path::new(LOG), answers, stop).await
        }
    }
}

/// Starts `command`, which writes to `log`, and leaves it running when it `answers`.
async fn launch(
    events: &Events,
    mut command: std::process::Command,
    shown: &str,
    log: &Path,
    answers: impl AsyncFn() -> bool,
    stop: &CancellationToken,
) -> Result<()> {
    events.notice(format!("$ {shown}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command
        .spawn()
        .map_err(|error| NotReady(format!("the container engine does not start: `{shown}`: {error}")))?;
    let log = log.display().to_string();
    wait(Some((child, &log)), &log, answers, stop).await
}

async fn wait(
    mut child: Option<(Child, &str)>,
    log: &str,
    answers: impl AsyncFn() -> bool,
    stop: &CancellationToken,
) -> Result<()> {
    let begun = Instant::now();
    loop {
        if answers().await {
            return Ok(());
        }
        if let Some((child, log)) = &mut child
            && let Some(status) = child.try_wait().context("cannot wait for dockerd")?
            && !status.success()
        {
            let ending = command::ending(status);
            let text =
                format!("the container engine ended as soon as it was started ({ending}){}", last_words(log));
            return Err(NotReady(text).into());
        }
        if begun.elapsed() > STARTS_WITHIN {
            let seconds = STARTS_WITHIN.as_secs();
            let words = child.as_ref().map(|(_, log)| last_words(log)).unwrap_or_default();
            let text = format!(
                "the container engine does not answer {seconds} s after its start; look into {log}{words}"
            );
            return Err(NotReady(text).into());
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = stop.cancelled() => return Err(Interrupted.into()),
        }
    }
}

fn last_words(log: &str) -> String {
    let text =
        std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    // dockerd says a lot about what goes well.
    let matters = |line: &&str| !line.contains("level=info") && !line.contains("level=debug");
    let lines: Vec<_> = text.lines().filter(matters).map(str::to_owned).collect();
    match command::tail(&lines).as_slice() {
        [] => format!("; it wrote nothing to {log}"),
        tail => format!("; the end of {log}:\n  {}", tail.join("\n  ")),
    }
}

/// Whether a `dockerd` runs that uses the default process id file, and so the default socket.
fn is_running() -> bool {
    let [(file, program), _] = PID_FILES;
    // After a crash the number may belong to somebody else.
    named_by(file).is_some_and(|name| name == program)
}

/// Whether a process id file names a process that lives and is another program.
fn is_stale(file: &str, program: &str) -> bool {
    named_by(file).is_some_and(|name| name != program)
}

/// The program of the process that a process id file names, if it lives.
fn named_by(file: &str) -> Option<String> {
    let pid = std::fs::read_to_string(file).ok()?;
    let name = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("comm")).ok()?;
    Some(name.trim().to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::testing::{Told, events};
    use std::sync::atomic::{AtomicU32, Ordering};

    fn shell(script: &str, log: &Path) -> std::process::Command {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("exec >\"$0\" 2>&1; {script}")]).arg(log);
        command
    }

    #[tokio::test]
    async fn an_engine_that_dies_says_its_last_words() {
        let (events, told) = events();
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let command = shell(
            "echo starting; echo level=info msg=well; echo failed to start daemon: no iptables; exit 1",
            &log,
        );
        let result =
            launch(&events, command, "dockerd", &log, async || false, &CancellationToken::new()).await;
        let text =
            result.unwrap_err().downcast::<NotReady>().unwrap().0.replace(&log.display().to_string(), "LOG");
        insta::assert_snapshot!(text, @r"
        the container engine ended as soon as it was started (exit code 1); the end of LOG:
          starting
          failed to start daemon: no iptables
        ");
        assert_eq!(told.all(), [Told::Notice("$ dockerd".into())]);
    }

    #[tokio::test]
    async fn waits_until_it_answers() {
        let (events, _) = events();
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let asked = AtomicU32::new(0);
        let answers = async || asked.fetch_add(1, Ordering::Relaxed) >= 2;
        launch(&events, shell("sleep 1", &log), "dockerd", &log, answers, &CancellationToken::new())
            .await
            .unwrap();
        assert_eq!(asked.into_inner(), 3);
    }

    #[tokio::test]
    async fn one_that_cannot_be_executed_is_not_ready() {
        let (events, _) = events();
        let command = std::process::Command::new("/nonexistent/dockerd");
        let log = Path::new("/nonexistent/log");
        let result =
            launch(&events, command, "dockerd", log, async || false, &CancellationToken::new()).await;
        assert!(result.unwrap_err().downcast_ref::<NotReady>().is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_id_file_is_stale_where_another_program_has_the_number() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid").display().to_string();
        assert!(!is_stale(&file, "dockerd"), "there is none");
        std::fs::write(&file, std::process::id().to_string()).unwrap();
        assert!(is_stale(&file, "dockerd"));
        assert!(!is_stale(&file, &named_by(&file).unwrap()), "it runs");
        // More than any process can have (proc(5), pid_max).
        std::fs::write(&file, "4194305").unwrap();
        assert!(!is_stale(&file, "dockerd"), "dockerd sees that it is dead");
    }
}
