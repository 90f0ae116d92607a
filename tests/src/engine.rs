//! What is in the engine, asked of Docker's own client and not of ours.

use std::process::Command;

use crate::Run;

/// All containers, networks and volumes that a session has in the engine, by name.
#[track_caller]
pub fn of_session(session: &str) -> Vec<String> {
    with_label("xtask.session", session)
}

/// All containers, networks and volumes with a label of this value, by name.
#[track_caller]
pub fn with_label(label: &str, value: &str) -> Vec<String> {
    labelled(&|| Command::new("docker"), label, value)
}

/// The same of the engine that a client speaks to.
#[track_caller]
pub(crate) fn labelled(client: &dyn Fn() -> Command, label: &str, value: &str) -> Vec<String> {
    let filter = format!("label={label}={value}");
    let lists: [&[&str]; 3] = [
        &["ps", "--all", "--format", "{{.Names}}"],
        &["network", "ls", "--format", "{{.Name}}"],
        &["volume", "ls", "--format", "{{.Name}}"],
    ];
    let list = |args: &[&str]| output(client().args(args).args(["--filter", &filter]));
    lists.into_iter().flat_map(|args| list(args).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// What Docker's client prints on a command that succeeds.
#[track_caller]
pub fn docker(args: &[&str]) -> String {
    output(Command::new("docker").args(args))
}

/// What Docker's client tells of an image or a container; none if it is gone, as those of other runs go.
#[track_caller]
pub fn docker_of(args: &[&str], name: &str) -> Option<String> {
    let mut command = Command::new("docker");
    let told = command.args(args).arg(name).output().expect("docker");
    let said = String::from_utf8_lossy(&told.stderr).to_lowercase();
    if said.contains("no such image") || said.contains("no such container") {
        return None;
    }
    assert!(told.status.success(), "{command:?}: {said}");
    Some(String::from_utf8_lossy(&told.stdout).into_owned())
}

#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command.output().expect("docker");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The id of the session that a run had on the engine.
#[track_caller]
pub fn session_of(run: &Run) -> String {
    let created = run.all("network_created");
    assert_eq!(created.len(), 1, "one session: {}{}", run.stdout, run.stderr);
    created[0]["session"].as_str().expect("an id").to_owned()
}
