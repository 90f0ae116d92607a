//! Packages of Debian and Ubuntu, by `apt-get`.

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;
use xshell::{Shell, cmd};
use xtask_engine::event::Events;

use super::command::{self, Failure, Line};
use super::error::go_on;
use super::{Interrupted, NotReady, Privilege};

/// Another apt (unattended upgrades after boot) may hold the lock for minutes.
const LOCK: &str = "DPkg::Lock::Timeout=300";

/// What apt says when its sources cannot be reached.
const UNREACHABLE: [&str; 4] =
    ["Temporary failure resolving", "Could not resolve", "Could not connect", "Failed to fetch"];

/// What [`install`] will run, as a person would type it.
pub(crate) fn shown(privilege: Privilege, packages: &[String]) -> String {
    format!("{}apt-get install -y --no-install-recommends {}", privilege.prefix(), packages.join(" "))
}

/// Installs `packages`, after `apt-get update` if apt knows one of them not or only an old one.
/// Ctrl-C takes effect after the running command: a package manager is never stopped half way.
///
/// # Errors
/// `NotReady` with apt's last words; `Interrupted`.
pub(crate) async fn install(
    events: &Events,
    privilege: Privilege,
    packages: &[String],
    stop: &CancellationToken,
) -> Result<()> {
    let mut updated = None;
    if !known(packages) {
        updated = Some(apt(events, update(privilege)?, stop).await?.map_err(not_ready)?);
    }
    loop {
        let installed = apt(events, install_line(privilege, packages)?, stop).await?;
        let Err(mut failure) = installed else { return Ok(()) };
        // The mirror has moved on since the lists were fetched.
        let stale = failure.says(&["404", "Unable to locate package", "has no installation candidate"]);
        match updated {
            None if stale => updated = Some(apt(events, update(privilege)?, stop).await?.map_err(not_ready)?),
            // An update that fetches nothing succeeds, with warnings: these are the reason then.
            Some(output) if stale && command::says(&output, &UNREACHABLE) => {
                failure.output = output;
                return Err(not_ready(failure));
            }
            _ => return Err(not_ready(failure)),
        }
    }
}

async fn apt(
    events: &Events,
    line: Line,
    stop: &CancellationToken,
) -> Result<Result<Vec<String>, Failure>, Interrupted> {
    go_on(stop)?;
    let run = command::run(events, line);
    tokio::pin!(run);
    let result = tokio::select! {
        result = &mut run => result,
        () = stop.cancelled() => {
            events.notice("interrupted: waiting for apt-get, which must not be stopped half way");
            run.await
        }
    };
    go_on(stop)?;
    Ok(result)
}

fn not_ready(failure: Failure) -> anyhow::Error {
    let advice = if failure.says(&["No space left"]) {
        "make room on the disk"
    } else if failure.says(&UNREACHABLE) {
        "check the network and the package sources of this machine"
    } else if failure.says(&["Could not get lock", "dpkg was interrupted"]) {
        "let the other package manager end, or repair the last one's work with `dpkg --configure -a`"
    } else {
        "correct it, then run `cargo xtask setup` again"
    };
    NotReady(format!("packages could not be installed: {failure}\n{advice}")).into()
}

/// Whether apt has a version of every package to install.
fn known(packages: &[String]) -> bool {
    let Ok(sh) = Shell::new() else { return false };
    packages.iter().all(|package| {
        let policy = cmd!(sh, "apt-cache policy {package}").env("LC_ALL", "C").quiet().ignore_stderr().read();
        policy.is_ok_and(|text| has_candidate(&text))
    })
}

fn has_candidate(policy: &str) -> bool {
    policy
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Candidate:"))
        .any(|version| version.trim() != "(none)")
}

fn update(privilege: Privilege) -> Result<Line> {
    let sh = Shell::new().context("cannot run commands here")?;
    Ok(privilege.command(&sh, "apt-get").args(["-o", LOCK, "update"]).into())
}

fn install_line(privilege: Privilege, packages: &[String]) -> Result<Line> {
    let sh = Shell::new().context("cannot run commands here")?;
    // `env`, since sudo passes no variables on. The second keeps Ubuntu from restarting services.
    let command = privilege
        .command(&sh, "env")
        .args(["DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1"])
        .args(["apt-get", "-o", LOCK, "install", "-y", "--no-install-recommends"])
        .args(packages);
    Ok(command.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_known_by_its_candidate() {
        assert!(has_candidate("docker.io:\n  Installed: (none)\n  Candidate: 20.10.24+dfsg1-1\n"));
        assert!(!has_candidate("docker.io:\n  Installed: (none)\n  Candidate: (none)\n"));
        assert!(!has_candidate(""));
    }

    #[test]
    fn a_failure_comes_with_advice() {
        let failure = Failure {
            command: "apt-get update".into(),
            reason: "exit code 100".into(),
            output: vec!["E: Could not connect to mirror".into()],
        };
        insta::assert_snapshot!(not_ready(failure).to_string(), @r"
        packages could not be installed: `apt-get update` failed (exit code 100); it said:
          E: Could not connect to mirror
        check the network and the package sources of this machine
        ");
    }
}
