//! An engine that is missing, unfit, not for this user, or named in a wrong way: one sentence that
//! says what to do, and nothing is begun.

use std::time::{Duration, Instant};

use tests::{Fixture, Run, Stub};

const SETUP: &str = "cargo xtask setup";

/// Nothing was begun: no pipeline, no step.
#[track_caller]
fn refused(run: Run, code: i32, parts: &[&str]) {
    let run = run.expect(code);
    run.sentence(parts);
    assert!(run.all("step_started").is_empty(), "{:?}", run.events);
    let end = run.all("run_finished");
    assert_eq!(end[0]["exit_code"], code);
}

#[test]
fn no_engine_at_the_address() {
    let repo = Fixture::new();
    for (host, why) in
        [("unix:///nowhere.sock", "there is no such socket"), ("tcp://127.0.0.1:1", "nothing listens there")]
    {
        let run = repo.start_with(&["test-ui"], &[("DOCKER_HOST", host)]).finish();
        refused(run, 3, &[host, "does not answer", why, "--engine"]);
    }
    let run = repo.run(&["test-ui", "--engine", "/nowhere.sock"]);
    refused(run, 3, &["unix:///nowhere.sock", "there is no such socket", SETUP]);
}

#[test]
fn no_engine_at_all() {
    let repo = Fixture::new();
    let hide = "unset DOCKER_HOST DOCKER_CONTEXT; export HOME=/proc/nowhere; mount -t tmpfs tmpfs /run";
    let run = repo.run_after(hide, &["test-ui"]);
    refused(run, 3, &["found no container engine", "unix:///var/run/docker.sock", "no such socket", SETUP]);
}

#[test]
fn addresses_and_contexts_that_are_none_are_wrong_input() {
    let repo = Fixture::new();
    let with = |name: &str, value: &str| repo.start_with(&["test-ui"], &[(name, value)]).finish();
    refused(with("DOCKER_HOST", "bla://x"), 2, &["DOCKER_HOST: `bla://x`", "write it as unix:///"]);
    refused(with("DOCKER_HOST", "tcp://"), 2, &["DOCKER_HOST: `tcp://`", "it names no host"]);
    let context = [("DOCKER_HOST", ""), ("DOCKER_CONTEXT", "nowhere")];
    let run = repo.start_with(&["test-ui"], &context).finish();
    refused(run, 2, &["the Docker context `nowhere`, named by DOCKER_CONTEXT", "`docker context ls`"]);
    let run = repo.run(&["test-ui", "--engine", "nowhere"]);
    refused(run, 2, &["`nowhere` is neither the address", "`docker context ls`"]);
}

#[test]
fn an_engine_that_is_too_old() {
    let (repo, stub) = (Fixture::new(), Stub::of_version("19.03.15", "1.40"));
    let run = repo.run(&["test-ui", "--engine", &stub.socket().to_string_lossy()]);
    refused(run, 3, &["too old: version 19.03.15 speaks API 1.40", "1.41", SETUP]);
}

#[test]
fn an_engine_without_buildkit() {
    let (repo, stub) = (Fixture::new(), Stub::of_version("20.10.24", "1.41"));
    let run = repo.run(&["test-ui", "--engine", &stub.socket().to_string_lossy()]);
    refused(run, 3, &["has no BuildKit inside (page not found)", SETUP]);
}

#[test]
fn something_else_that_listens() {
    let repo = Fixture::new();
    let stub = Stub::new(|_| tests::Answer::With("200 OK", "<html>hello</html>".into()));
    let run = repo.run(&["test-ui", "--engine", &stub.socket().to_string_lossy()]);
    refused(run, 3, &["what listens there is no container engine", "--engine"]);
}

#[test]
fn an_engine_that_says_nothing_is_not_waited_for_long() {
    let (repo, stub) = (Fixture::new(), Stub::new(|_| tests::Answer::Silence));
    let started = repo.start(&["test-ui", "--engine", &stub.socket().to_string_lossy()]);
    // Not sooner: the first who starts the binary builds it.
    let begun = Instant::now();
    let run = started.finish();
    refused(run, 3, &["does not answer: it said nothing for 5s"]);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn an_engine_that_says_nothing_keeps_nobody_from_stopping() {
    let (repo, stub) = (Fixture::new(), Stub::new(|_| tests::Answer::Silence));
    let stop = || {
        let mut started = repo.start(&["test-ui", "--engine", &stub.socket().to_string_lossy()]);
        started.wait_for("the run's begin", |event| event["event"] == "run_started");
        (started.soon(), started.end_by("INT"))
    };
    // On a busy machine the signal may come when the engine is not waited for any more: then again.
    let in_time = (0..5).map(|_| stop()).find(|(_, (run, _))| run.code != Some(3));
    let (soon, (run, took)) = in_time.expect("a run that was stopped");
    run.expect(130).sentence(&["stopped by Ctrl-C"]);
    assert!(took < soon, "{took:?}");
}

#[test]
fn a_socket_that_is_not_for_this_user() {
    let run = Fixture::new().run_as_nobody(&["test-ui"], false);
    refused(run, 3, &["no permission", "docker.sock", "usermod -aG docker"]);
}

#[test]
fn another_users_docker_configuration_is_done_without() {
    let repo = Fixture::new();
    repo.write(".docker/config.json", r#"{"currentContext":"of-somebody-else"}"#);
    let config = repo.path(".docker");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(config.join("config.json"), mode).expect("permissions");
    // As `su` leaves it: the variables are still those of the other user.
    let run = repo.run_as_nobody_with(&["test-ui"], true, &[("DOCKER_CONFIG", &config.to_string_lossy())]);
    run.expect(0);
}

#[test]
fn platforms_that_are_none_or_cannot_be_run() {
    let repo = Fixture::new();
    let run = repo.run(&["test-ui", "--platform", "nonsense"]);
    refused(run, 2, &["--platform: `nonsense` is not a platform; write it like linux/amd64"]);
    let run = repo.run(&["test-ui", "--platform", "linux/riscv64"]);
    refused(run, 3, &["cannot run programs for linux/riscv64, only for linux/", "QEMU", "--platform"]);
    let run = repo.run(&["test-ui", "--platform", "windows/amd64"]);
    refused(run, 3, &["cannot run programs for windows/amd64, only for linux/", "; leave out --platform"]);
}
