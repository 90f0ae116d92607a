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
        stand_ins: StandIns::None,
        dockerd: false,
        iptables: false,
        ca: true,
        mmdebstrap: false,
        newuidmap: false,
        starter: Starter::ByHand,
        for_tests: Vec::new(),
    }
}

fn node() -> StandIns {
    StandIns::Needed(vec!["node:20-alpine".into()])
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
fn what_tests_need_is_installed_with_the_rest_each_package_once() {
    let for_tests = vec!["docker-registry".into(), "docker.io".into()];
    insta::assert_snapshot!(shown(&Facts { for_tests: for_tests.clone(), ..bare() }), @r"
    On this machine (Debian GNU/Linux 12 (bookworm)):
      1. install docker.io, iptables, docker-registry
         apt-get install -y --no-install-recommends docker.io iptables docker-registry
      2. start the container engine
         dockerd, in the background; its log: /var/log/xtask-dockerd.log
    ");
    let with_engine = Facts { for_tests, engine: ready(), ..bare() };
    insta::assert_snapshot!(shown(&with_engine), @r"
    On this machine (Debian GNU/Linux 12 (bookworm)):
      1. install docker-registry, docker.io
         apt-get install -y --no-install-recommends docker-registry docker.io
    ");
}

#[test]
fn bare_machine_that_may_need_stand_ins() {
    let facts = Facts {
        stand_ins: StandIns::IfNoRegistry(vec!["node:20-alpine".into(), "postgres:14.2-alpine".into()]),
        ..bare()
    };
    insta::assert_snapshot!(shown(&facts), @r"
    On this machine (Debian GNU/Linux 12 (bookworm)):
      1. install docker.io, iptables
         apt-get install -y --no-install-recommends docker.io iptables
      2. start the container engine
         dockerd, in the background; its log: /var/log/xtask-dockerd.log
      3. if their registry cannot be reached, make stand-ins for node:20-alpine, postgres:14.2-alpine
         built from this machine's package sources, after apt-get install -y --no-install-recommends mmdebstrap
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
fn stand_ins_that_need_their_tool() {
    let facts = Facts { engine: ready(), stand_ins: node(), privilege: Privilege::Sudo, ..bare() };
    insta::assert_snapshot!(shown(&facts), @r"
    On this machine (Debian GNU/Linux 12 (bookworm)):
      1. install mmdebstrap, uidmap
         sudo apt-get install -y --no-install-recommends mmdebstrap uidmap
      2. make stand-ins for node:20-alpine
         their registry cannot be reached; built from this machine's package sources
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
    let facts = Facts { stand_ins: node(), mmdebstrap: true, ..facts };
    assert_eq!(plan(&facts).unwrap(), [Step::StandIns(node())]);
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
    let facts = Facts { engine: ready(), stand_ins: node(), ..facts };
    insta::assert_snapshot!(shown(&facts), @"not ready: the registry cannot be reached, and stand-ins for node:20-alpine can be made on Debian and Ubuntu only, not on Fedora Linux 42; pull the images where there is a registry and `docker load` them here");
}

#[test]
fn a_user_who_cannot_become_root() {
    let facts = Facts { privilege: Privilege::None, ..bare() };
    insta::assert_snapshot!(shown(&facts), @"not ready: this needs root, and there is no sudo on this machine (Debian GNU/Linux 12 (bookworm)); as root, run `apt-get install -y --no-install-recommends docker.io iptables`, then `dockerd &`");
}

/// A machine whose engine answers, and which needs these stand-ins.
struct Ready {
    needed: Mutex<StandIns>,
}

impl Machine for Ready {
    async fn engine(&self) -> EngineState {
        ready()
    }

    async fn stand_ins(&self) -> Result<StandIns> {
        Ok(self.needed.lock().unwrap().clone())
    }

    async fn prepare_stand_ins(&self) -> Result<()> {
        *self.needed.lock().unwrap() = StandIns::None;
        Ok(())
    }
}

#[tokio::test]
async fn says_in_one_line_that_nothing_is_missing() {
    let (events, told) = events();
    let machine = Ready { needed: Mutex::new(StandIns::None) };
    go(false, false, &events, &CancellationToken::new(), &machine).await.unwrap();
    insta::assert_snapshot!(told.output(), @"nothing to do: Docker Engine 20.10.24 at unix:///var/run/docker.sock answers");
}

#[test]
fn the_errors_decide_the_exit_code() {
    let error = |error: anyhow::Error| crate::exit::code(&error.context("setting up"));
    assert_eq!(error(Usage("x".into()).into()), 2);
    assert_eq!(error(NotReady("x".into()).into()), 3);
    assert_eq!(error(Interrupted.into()), 130);
    assert_eq!(error(anyhow::anyhow!("x")), 1);
}
