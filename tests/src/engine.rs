//! What is in the engine, asked of Docker's own client and not of ours.

use std::process::Command;

use crate::Run;

/// All containers, networks and volumes that a session has in the engine, by name.
#[track_caller]
pub fn of_session(session: &str) -> Vec<String> {
    let label = format!("label=xtask.session={session}");
    let lists: [&[&str]; 3] = [
        &["ps", "--all", "--format", "{{.Names}}"],
        &["network", "ls", "--format", "{{.Name}}"],
        &["volume", "ls", "--format", "{{.Name}}"],
    ];
    let list = |args: &[&str]| {
        let output = Command::new("docker").args(args).args(["--filter", &label]).output().expect("docker");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    lists.into_iter().flat_map(list).collect()
}

/// The id of the session that a run had on the engine.
#[track_caller]
pub fn session_of(run: &Run) -> String {
    let created = run.all("network_created");
    assert_eq!(created.len(), 1, "one session: {}{}", run.stdout, run.stderr);
    created[0]["session"].as_str().expect("an id").to_owned()
}
