//! What has to be done, from what was found. Pure, but for [`Facts::find`].

use std::collections::HashSet;
use std::fmt;

use xtask_engine::docker::{Engine, EngineError, Environment, FoundBy, discover};

use crate::host::engine::Starter;
use crate::host::{self, NotReady, Os, Privilege, ca, engine, packages};

/// What is known about an engine for this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EngineState {
    /// It answers. Holds what it is: `Docker Engine 20.10.24 at unix:///var/run/docker.sock`.
    Answers(String),
    /// Its socket is there, but not for this user. Holds the sentence with the advice.
    Denied(String),
    /// One was named (`--engine`, `DOCKER_HOST`, a context) or is there, and is of no use: it does
    /// not answer, is too old, has no BuildKit. Not to be touched. Holds the sentence.
    Unusable(String),
    /// None was named, and none answers at the places where engines are.
    Missing,
}

impl EngineState {
    /// Looks for the engine; `named` is the value of `--engine`.
    pub(crate) async fn find(named: Option<&str>) -> Self {
        let found = match discover(named, &Environment::of_process()) {
            Ok(found) => found,
            Err(error) => return Self::of_error(&error),
        };
        let usual = found.by == FoundBy::Socket;
        match Engine::connect(found.endpoint).await {
            // Docker's own socket comes before Podman's, so one installed beside it will be found.
            Ok(engine) if usual && engine.info().is_podman() => Self::Missing,
            Ok(engine) if engine.info().is_podman() => Self::of_error(&EngineError::WithoutBuildKit {
                endpoint: engine.endpoint().to_string(),
                message: "it is Podman".to_owned(),
            }),
            Ok(engine) => {
                let info = engine.info();
                Self::Answers(format!("{} {} at {}", info.product, info.version, engine.endpoint()))
            }
            Err(error) => Self::of_error(&error),
        }
    }

    fn of_error(error: &EngineError) -> Self {
        match error {
            EngineError::NothingFound { .. } => Self::Missing,
            EngineError::PermissionDenied { .. } => Self::Denied(error.to_string()),
            // What setup does not touch is not setup's to be recommended for.
            EngineError::DoesNotAnswer { endpoint, reason } => Self::Unusable(format!(
                "the container engine at {endpoint} does not answer: {reason}; setup does not touch an engine that \
                 was named: start it, or unset what names it (--engine, DOCKER_HOST, the Docker context)"
            )),
            EngineError::TooOld { endpoint, version, .. } => Self::Unusable(format!(
                "the container engine at {endpoint} is too old ({version}): upgrade it to Docker 20.10 or newer; \
                 setup does not touch an engine that is there"
            )),
            EngineError::WithoutBuildKit { endpoint, message } => Self::Unusable(format!(
                "the container engine at {endpoint} has no BuildKit inside ({message}): name a Docker Engine 20.10 or \
                 newer; setup does not touch an engine that is there"
            )),
            other => Self::Unusable(other.to_string()),
        }
    }
}

impl fmt::Display for EngineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answers(engine) => write!(f, "{engine} answers"),
            Self::Denied(text) | Self::Unusable(text) => f.write_str(text),
            Self::Missing => f.write_str("no container engine answers"),
        }
    }
}

/// Which stand-ins have to be made. An image needs one if neither the engine has it nor its
/// registry can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StandIns {
    /// None.
    None,
    /// For these images.
    Needed(Vec<String>),
    /// For these, if the registry cannot be reached: that shows when there is an engine.
    IfNoRegistry(Vec<String>),
}

/// What was found on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The system.
    pub os: Os,
    /// How root's rights are had.
    pub privilege: Privilege,
    /// The engine.
    pub engine: EngineState,
    /// The stand-ins.
    pub stand_ins: StandIns,
    /// `dockerd` is installed.
    pub dockerd: bool,
    /// `iptables`, without which `dockerd` does not start.
    pub iptables: bool,
    /// A bundle of certificate authorities, without which it pulls nothing.
    pub ca: bool,
    /// `mmdebstrap`.
    pub mmdebstrap: bool,
    /// `newuidmap`, which `mmdebstrap` needs where it is not root.
    pub newuidmap: bool,
    /// Who starts the engine here.
    pub starter: Starter,
    /// Packages that only this project's own tests need, and that are not there; none where they
    /// are not asked for.
    pub for_tests: Vec<String>,
}

impl Facts {
    /// Looks at this machine.
    pub(crate) fn find(os: Os, engine: EngineState, stand_ins: StandIns, tests: bool) -> Self {
        let for_tests = if tests { test_packages() } else { Vec::new() };
        let is_ready =
            matches!(engine, EngineState::Answers(_)) && stand_ins == StandIns::None && for_tests.is_empty();
        let privilege = match xshell::Shell::new() {
            // Only what a plan needs: a machine that is ready is looked at in no time.
            Ok(sh) if !is_ready => {
                Privilege::find(&sh)
            }
            _ => Privilege::None,
        };
        Self {
            os,
            privilege,
            engine,
            stand_ins,
            dockerd: engine::is_installed(),
            iptables: host::program("iptables").is_some(),
            ca: ca::bundle().is_some(),
            mmdebstrap: host::program("mmdebstrap").is_some(),
            newuidmap: host::program("newuidmap").is_some(),
            starter: Starter::find(),
            for_tests,
        }
    }
}

/// One thing that is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Install packages.
    Install(Vec<String>),
    /// Start the engine that is installed.
    StartEngine(Starter),
    /// Make stand-ins for images.
    StandIns(StandIns),
}

impl Step {
    /// Whether it needs root's rights.
    pub(crate) fn needs_root(&self) -> bool {
        !matches!(self, Self::StandIns(_))
    }
}

/// What has to be done, in this order; empty if the machine is ready.
///
/// # Errors
/// `NotReady` where setup can or may not help, with what to do instead.
pub(crate) fn plan(facts: &Facts) -> Result<Vec<Step>, NotReady> {
    let engine_missing = match &facts.engine {
        EngineState::Answers(_) => false,
        EngineState::Missing => true,
        EngineState::Denied(text) | EngineState::Unusable(text) => return Err(NotReady(text.clone())),
    };
    let needed = matches!(facts.stand_ins, StandIns::Needed(_));
    if !facts.os.has_apt() && (engine_missing || needed) {
        return Err(elsewhere(facts, engine_missing));
    }
    if !facts.os.has_apt() && !facts.for_tests.is_empty() {
        let names = facts.for_tests.join(", ");
        return Err(NotReady(format!(
            "this project's own tests need {names}, which setup installs on Debian and Ubuntu only: install them and run \
             this again"
        )));
    }
    let mut names = if engine_missing { engine_packages(facts) } else { vec![] };
    if needed {
        names.extend(stand_in_packages(facts));
    }
    names.extend(facts.for_tests.iter().cloned());
    let mut named = HashSet::new();
    names.retain(|name| named.insert(name.clone()));
    let mut steps = Vec::new();
    if !names.is_empty() {
        steps.push(Step::Install(names));
    }
    if engine_missing {
        steps.push(Step::StartEngine(facts.starter));
    }
    if facts.stand_ins != StandIns::None {
        steps.push(Step::StandIns(facts.stand_ins.clone()));
    }
    if facts.privilege == Privilege::None && steps.iter().any(Step::needs_root) {
        return Err(without_root(facts, &steps));
    }
    Ok(steps)
}

fn engine_packages(facts: &Facts) -> Vec<String> {
    missing(&[("docker.io", facts.dockerd), ("iptables", facts.iptables), ("ca-certificates", facts.ca)])
}

/// What the tests in `tests/` and `xtask/engine/tests` run beside the engine: a registry, its
/// certificates, the client that loads images into a second engine, that engine's network, a
/// terminal, a shell whose completions can be asked for, what runs a part on the host.
fn test_packages() -> Vec<String> {
    let there = |program| host::program(program).is_some();
    missing(&[
        ("docker-registry", there("docker-registry")),
        ("openssl", there("openssl")),
        ("docker.io", there("docker") && there("dockerd")),
        ("iproute2", there("ip")),
        ("util-linux", there("setpriv") && there("unshare")),
        ("tmux", there("tmux")),
        ("fish", there("fish")),
        ("nodejs", there("node")),
    ])
}

/// What making a stand-in takes and is not there.
pub(super) fn stand_in_packages(facts: &Facts) -> Vec<String> {
    let uidmap = facts.newuidmap || facts.privilege == Privilege::Root;
    missing(&[("mmdebstrap", facts.mmdebstrap), ("uidmap", uidmap)])
}

fn missing(packages: &[(&str, bool)]) -> Vec<String> {
    packages.iter().filter(|(_, there)| !there).map(|(name, _)| (*name).to_owned()).collect()
}

fn elsewhere(facts: &Facts, engine_missing: bool) -> NotReady {
    let images = match &facts.stand_ins {
        StandIns::None => String::new(),
        StandIns::Needed(images) | StandIns::IfNoRegistry(images) => images.join(", "),
    };
    NotReady(if engine_missing {
        format!(
            "no container engine answers, and this is {}: `cargo xtask setup` installs one on Debian and Ubuntu only; \
             install Docker Engine 20.10 or newer or Docker Desktop, start it, and run this again",
            facts.os
        )
    } else {
        format!(
            "the registry cannot be reached, and stand-ins for {images} can be made on Debian and Ubuntu only, not on {}; \
             pull the images where there is a registry and `docker load` them here",
            facts.os
        )
    })
}

fn without_root(facts: &Facts, steps: &[Step]) -> NotReady {
    let wanted = steps.iter().filter_map(|step| match step {
        Step::Install(names) => Some(packages::shown(Privilege::None, names)),
        Step::StartEngine(starter) => Some(starter.command().to_owned()),
        Step::StandIns(_) => None,
    });
    let wanted: Vec<_> = wanted.map(|command| format!("`{command}`")).collect();
    NotReady(format!(
        "this needs root, and there is no sudo on this machine ({}); as root, run {}",
        facts.os,
        wanted.join(", then ")
    ))
}

/// The plan for people.
pub(super) fn lines(steps: &[Step], facts: &Facts) -> Vec<String> {
    let mut lines = vec![format!("On this machine ({}):", facts.os)];
    for (number, step) in (1..).zip(steps) {
        let (what, how) = match step {
            Step::Install(names) => {
                (format!("install {}", names.join(", ")), packages::shown(facts.privilege, names))
            }
            Step::StartEngine(starter) => {
                ("start the container engine".into(), starter.shown(facts.privilege))
            }
            Step::StandIns(StandIns::IfNoRegistry(images)) => {
                let how = match stand_in_packages(facts).as_slice() {
                    [] => "built from this machine's package sources".to_owned(),
                    names => format!(
                        "built from this machine's package sources, after {}",
                        packages::shown(facts.privilege, names)
                    ),
                };
                (
                    format!("if their registry cannot be reached, make stand-ins for {}", images.join(", ")),
                    how,
                )
            }
            Step::StandIns(StandIns::Needed(images)) => {
                let what = format!("make stand-ins for {}", images.join(", "));
                (what, "their registry cannot be reached; built from this machine's package sources".into())
            }
            Step::StandIns(StandIns::None) => continue,
        };
        lines.push(format!("  {number}. {what}"));
        lines.push(format!("     {how}"));
    }
    lines
}
