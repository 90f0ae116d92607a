//! Which engine is found, on machines made for the test.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::*;

/// A machine of its own: a root directory, a home in it, and sockets that accept.
struct Machine {
    root: tempfile::TempDir,
    vars: Vec<(&'static str, String)>,
    listeners: Vec<UnixListener>,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        Self { root, vars: Vec::new(), listeners: Vec::new() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("its directory");
        std::fs::write(path, text).expect("a file");
        self
    }

    fn socket(mut self, path: &str) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("its directory");
        self.listeners.push(UnixListener::bind(path).expect("a socket"));
        self
    }

    fn var(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.vars.push((name, value.into()));
        self
    }

    fn context(self, name: &str, meta: &str) -> Self {
        let id: String = {
            use sha2::{Digest, Sha256};
            Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        self.file(&format!("home/.docker/contexts/meta/{id}/meta.json"), meta)
    }

    fn environment(&self) -> Environment {
        Environment::new(self.vars.clone(), Some(self.path("home"))).with_root(self.root.path())
    }

    /// The endpoint and how it was found, or the error; this machine's root written as `ROOT`.
    fn discover(&self, engine: Option<&str>) -> String {
        let text = match discover(engine, &self.environment()) {
            Ok(found) => format!("{} by {}", found.endpoint, found.by),
            Err(error) => error.to_string(),
        };
        text.replace(&*self.root.path().to_string_lossy(), "ROOT")
    }
}

const BUILD: &str = r#"{"Name":"build","Endpoints":{"docker":{"Host":"ssh://me@build"}}}"#;

#[test]
fn the_flag_wins_over_everything() {
    let machine = Machine::new()
        .socket("var/run/docker.sock")
        .context("build", BUILD)
        .var("DOCKER_HOST", "tcp://other")
        .var("DOCKER_CONTEXT", "other");
    assert_eq!(machine.discover(Some("tcp://1.2.3.4:5")), "tcp://1.2.3.4:5 by --engine");
    assert_eq!(machine.discover(Some("build")), "ssh://me@build by --engine");
    assert_eq!(machine.discover(Some("/run/some.sock")), "unix:///run/some.sock by --engine");
    assert_eq!(machine.discover(Some("default")), "unix://ROOT/var/run/docker.sock by --engine");
}

#[test]
fn a_flag_that_is_nothing_is_an_error_and_no_fallback() {
    let machine = Machine::new().socket("var/run/docker.sock");
    assert_eq!(
        machine.discover(Some("biuld")),
        "`biuld` is neither the address of a container engine, nor an existing socket, nor a Docker context; \
         `docker context ls` lists the contexts"
    );
}

#[test]
fn docker_host_comes_next_with_dockers_tls_variables() {
    let machine = Machine::new().socket("var/run/docker.sock").context("build", BUILD);
    let machine = machine.var("DOCKER_CONTEXT", "build").var("DOCKER_HOST", "build:4243");
    assert_eq!(machine.discover(None), "tcp://build:4243 by DOCKER_HOST");
    let machine = machine.var("DOCKER_TLS_VERIFY", "1").var("DOCKER_CERT_PATH", "/certs");
    let found = discover(None, &machine.environment()).expect("found");
    let certificates = Some(PathBuf::from("/certs"));
    assert_eq!(
        found.endpoint,
        Endpoint::Tls { host: "build".into(), port: 4243, certificates, verify: true }
    );
}

#[test]
fn a_bad_docker_host_is_an_error_and_no_fallback() {
    let machine = Machine::new().socket("var/run/docker.sock").var("DOCKER_HOST", "/var/run/docker.sock");
    let error = machine.discover(None);
    assert!(
        error.starts_with("DOCKER_HOST: `/var/run/docker.sock` is not the address of a container engine"),
        "{error}"
    );
}

#[test]
fn the_current_context_is_the_variables_else_the_configurations() {
    let machine = Machine::new().socket("var/run/docker.sock").context("build", BUILD);
    let machine = machine.file("home/.docker/config.json", r#"{"currentContext":"build"}"#);
    assert_eq!(
        machine.discover(None),
        "ssh://me@build by the Docker context `build` of ROOT/home/.docker/config.json"
    );
    let machine = machine.var("DOCKER_CONTEXT", "default");
    assert_eq!(machine.discover(None), "unix://ROOT/var/run/docker.sock by its usual place");
}

#[test]
fn a_context_brings_its_certificates() {
    let meta = r#"{"Name":"tls","Endpoints":{"docker":{"Host":"tcp://build:2376","SkipTLSVerify":false}}}"#;
    let machine = Machine::new().context("tls", meta).var("DOCKER_CONTEXT", "tls");
    assert!(machine.discover(None).starts_with("tcp://build:2376 by"));
    let id = std::fs::read_dir(machine.path("home/.docker/contexts/meta")).expect("listed").next();
    let id = id.expect("one").expect("readable").file_name().into_string().expect("hex");
    let machine = machine.file(&format!("home/.docker/contexts/tls/{id}/docker/ca.pem"), "");
    let found = discover(None, &machine.environment()).expect("found");
    let certificates = Some(machine.path("home/.docker/contexts/tls").join(id).join("docker"));
    assert_eq!(
        found.endpoint,
        Endpoint::Tls { host: "build".into(), port: 2376, certificates, verify: true }
    );
}

#[test]
fn a_context_that_is_missing_or_damaged_is_an_error_and_no_fallback() {
    let machine = Machine::new().socket("var/run/docker.sock").var("DOCKER_CONTEXT", "gone");
    assert_eq!(
        machine.discover(None),
        "the Docker context `gone`, named by DOCKER_CONTEXT, does not exist; `docker context ls` lists those \
         that do"
    );
    let machine = machine.context("gone", "{");
    let error = machine.discover(None);
    assert!(error.starts_with("cannot read ROOT/home/.docker/contexts/meta/"), "{error}");
    let machine = Machine::new().socket("var/run/docker.sock").file("home/.docker/config.json", "{,}");
    let error = machine.discover(None);
    assert!(error.starts_with("cannot read ROOT/home/.docker/config.json: "), "{error}");
}

#[test]
fn usual_sockets_are_tried_in_order_and_a_dead_one_is_passed_over() {
    let mut machine = Machine::new().socket("run/podman/podman.sock");
    let runtime = machine.path("runtime").to_string_lossy().into_owned();
    machine = machine.var("XDG_RUNTIME_DIR", runtime);
    for (path, expected) in [
        ("runtime/podman/podman.sock", "runtime/podman/podman.sock"),
        ("home/.docker/desktop/docker.sock", "home/.docker/desktop/docker.sock"),
        ("home/.docker/run/docker.sock", "home/.docker/run/docker.sock"),
        ("runtime/docker.sock", "runtime/docker.sock"),
        ("var/run/docker.sock", "var/run/docker.sock"),
    ] {
        machine = machine.socket(path);
        assert_eq!(machine.discover(None), format!("unix://ROOT/{expected} by its usual place"));
    }
    // The newest one, Docker's default, stops listening but leaves its file.
    machine.listeners.pop();
    // A child that another test is just starting has it open, too, until it executes its program.
    while std::os::unix::net::UnixStream::connect(machine.path("var/run/docker.sock")).is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(machine.discover(None), "unix://ROOT/runtime/docker.sock by its usual place");
}

#[test]
fn when_nothing_is_found_the_error_says_what_was_tried() {
    let mut machine = Machine::new().socket("var/run/docker.sock");
    machine.listeners.clear();
    while std::os::unix::net::UnixStream::connect(machine.path("var/run/docker.sock")).is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(
        machine.discover(None),
        "found no container engine; tried unix://ROOT/var/run/docker.sock (nothing listens there), \
         unix://ROOT/home/.docker/run/docker.sock (there is no such socket), \
         unix://ROOT/home/.docker/desktop/docker.sock (there is no such socket), \
         unix://ROOT/run/podman/podman.sock (there is no such socket); start Docker, or let `cargo xtask setup` \
         install and start it (Debian and Ubuntu)"
    );
}

#[test]
fn a_socket_of_another_group_is_told_as_such() {
    let machine = Machine::new().socket("var/run/docker.sock");
    let socket = machine.path("var/run/docker.sock");
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o000)).expect("permissions");
    if may_connect_anyway(&socket) {
        // root may always: the classification is tested on the error's kind alone.
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let failure = super::super::error::OpenFailure::new(&Endpoint::unix("/run/docker.sock"), &denied);
        assert!(matches!(EngineError::from(failure), EngineError::PermissionDenied { .. }));
    } else {
        let error = machine.discover(None);
        assert!(
            error.starts_with("no permission to use the container engine at unix://ROOT/var/run"),
            "{error}"
        );
    }
}

fn may_connect_anyway(socket: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}
