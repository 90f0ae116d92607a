use std::sync::Mutex;

use super::*;
use crate::host::Privilege;
use crate::host::engine::Starter;
use crate::host::os::Family;
use crate::host::{Interrupted, Usage};
use crate::testing::events;

fn bare() -> Facts {
    Facts {
        os: debian(),
        privilege: Privilege::Root,
        engine: EngineState::Missing,
        missing_stand_ins: vec![],
        dockerd: false,
        iptables: false,
        ca: true,
        mmdebstrap: false,
        newuidmap: false,
        starter: Starter::ByHand,
    }
}

fn debian() -> Os {
    Os { family: Family::Debian, codename: "bookworm".into(), name: "Debian GNU/Linux 12 (bookworm)".into() }
}

fn ready() -> EngineState {
    EngineState::Answers("Docker Engine 20.10.24 at unix:///var/run/docker.sock".into())
}

fn shown(facts: &Facts) -> String {
    match plan(facts) {
        Ok(steps) => plan::lines(&steps, facts).join("\n"),
        Err(error) => format!("not ready: {error}"),
    }
}

#[test]
fn bare_machine_without_a_registry() {
    let facts =
        Facts { missing_stand_ins: vec!["node:20-alpine".into(), "postgres:14.2-alpine".into()], ..bare() };
    insta::assert_snapshot!(shown(&facts), @r"
    On this machine (Debian GNU/Linux 12 (bookworm)):
      1. install docker.io, iptables, mmdebstrap
         apt-get install -y --no-install-recommends docker.io iptables mmdebstrap
      2. start the container engine
         dockerd, in the background; its log: /var/log/xtask-dockerd.log
      3. make stand-ins for node:20-alpine, postgres:14.2-alpine
         the registry cannot be reached; built from this machine's package sources
    ");
}

#[test]
fn bare_ubuntu_with_a_registry_for_a_user_with_sudo() {
    let os = Os { family: Family::Ubuntu, codename: "noble".into(), name: "Ubuntu 24.04.1 LTS".into() };
    let facts = Facts { os, privilege: Privilege::Sudo, starter: Starter::Systemd, ca: false, ..bare() };
    insta::assert_snapshot!(shown(&facts), @r"
    On this machine (Ubuntu 24.04.1 LTS):
      1. install docker.io, iptables, ca-certificates
         sudo apt-get install -y --no-install-recommends docker.io iptables ca-certificates
      2. start the container engine
         sudo systemctl start docker
    ");
}

#[test]
fn installed_but_not_started() {
    let facts = Facts { dockerd: true, iptables: true, ..bare() };
    insta::assert_snapshot!(shown(&facts), @r"
    On this machine (Debian GNU/Linux 12 (bookworm)):
      1. start the container engine
         dockerd, in the background; its log: /var/log/xtask-dockerd.log
    ");
}

#[test]
fn an_engine_that_is_there_is_left_alone() {
    // Reached elsewhere: nothing is installed here.
    let facts = Facts { engine: ready(), ..bare() };
    assert_eq!(plan(&facts).unwrap(), []);
    let facts = Facts { missing_stand_ins: vec!["node:20-alpine".into()], mmdebstrap: true, ..facts };
    assert_eq!(plan(&facts).unwrap(), [Step::StandIns(vec!["node:20-alpine".into()])]);
}

#[test]
fn a_named_engine_that_does_not_answer_is_not_replaced() {
    let facts = Facts {
        engine: EngineState::Unusable("the engine at tcp://ci:2375 does not answer".into()),
        ..bare()
    };
    insta::assert_snapshot!(shown(&facts), @"not ready: the engine at tcp://ci:2375 does not answer");
}

#[test]
fn another_system() {
    let os = Os { family: Family::Other, codename: String::new(), name: "Fedora Linux 42".into() };
    let facts = Facts { os, ..bare() };
    insta::assert_snapshot!(shown(&facts), @"not ready: no container engine answers, and this is Fedora Linux 42: `cargo xtask setup` installs one on Debian and Ubuntu only; install Docker Engine 20.10 or newer or Docker Desktop, start it, and run this again");
    let facts = Facts { engine: ready(), missing_stand_ins: vec!["node:20-alpine".into()], ..facts };
    insta::assert_snapshot!(shown(&facts), @"not ready: the registry cannot be reached, and stand-ins for node:20-alpine can be made on Debian and Ubuntu only, not on Fedora Linux 42; pull the images where there is a registry and `docker load` them here");
}

#[test]
fn a_user_who_cannot_become_root() {
    let facts = Facts { privilege: Privilege::None, ..bare() };
    insta::assert_snapshot!(shown(&facts), @"not ready: this needs root, and there is no sudo on this machine (Debian GNU/Linux 12 (bookworm)); as root, run `apt-get install -y --no-install-recommends docker.io iptables`, then `dockerd &`");
}

/// A machine whose engine answers.
struct Ready {
    missing: Mutex<Vec<String>>,
}

impl Machine for Ready {
    async fn engine(&self) -> EngineState {
        ready()
    }

    async fn missing_stand_ins(&self) -> Result<Vec<String>> {
        Ok(self.missing.lock().unwrap().clone())
    }

    async fn prepare_stand_ins(&self) -> Result<()> {
        self.missing.lock().unwrap().clear();
        Ok(())
    }
}

#[tokio::test]
async fn says_in_one_line_that_nothing_is_missing() {
    let (events, told) = events();
    let machine = Ready { missing: Mutex::default() };
    run(&Args { yes: false }, &events, &machine).await.unwrap();
    insta::assert_snapshot!(told.output(), @"nothing to do: Docker Engine 20.10.24 at unix:///var/run/docker.sock answers");
}

#[tokio::test]
async fn stop_between_two_steps() {
    let stop = crate::host::interrupt::Interrupt::never();
    assert!(stop.check().is_ok());
    assert_eq!(anyhow::Error::from(Interrupted).to_string(), "interrupted");
    assert!(anyhow::Error::from(Usage("x".into())).context("y").downcast_ref::<Usage>().is_some());
}
