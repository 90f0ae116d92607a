//! Where a stack is, is told once: the next `up` knows it. What runs is told each time.

use std::fs;
use std::net::TcpStream;
use std::process::Command;

use serde_json::{Value, json};
use tests::{Application, docker, free_port};

#[test]
fn where_a_stack_is_is_kept_until_it_is_forgotten() {
    let app = Application::new();
    let variables = app.path("more.env");
    fs::write(&variables, "FROM_NAME='The team'\nAPI_TOKEN=hunter3-of-the-day\n").expect("a file");
    let (mail, file) = (free_port(), app.state().join(format!("xtask/stacks/{}.json", app.prefix())));
    let (moved, path) = (format!("mail={mail}"), variables.display().to_string());
    let missing = app.of_stack("up", &["--env-file", "/none/.env"]).expect(2);
    missing.sentence(&["there is no /none/.env"]);
    assert!(!file.exists(), "what did not come up is not kept");

    let told = ["--port", &moved, "--host", "dev.example.com", "--env-file", &path];
    let up = app.of_stack("up", &[told.as_slice(), &["--local-agent"]].concat()).expect(0);
    let options = format!("--port {moved} --host dev.example.com --env-file {path}");
    assert!(up.stdout.contains(&options) && up.stdout.contains(&*file.to_string_lossy()), "{}", up.stdout);
    assert_eq!(up.door("mail"), format!("dev.example.com:{mail}"));
    let kept: Value = serde_json::from_str(&fs::read_to_string(&file).expect("a file")).expect("JSON");
    assert_eq!(kept, json!({ "port": { "mail": mail }, "host": "dev.example.com", "env-file": path }));
    let agents = up.door("crux-agents");
    let agents = agents.rsplit(':').next().expect("a port");
    assert_eq!(variable(&app, "crux", "CRUX_AGENT_ADDRESS"), format!("localhost:{agents}"));
    let web = format!("http://{}", up.door("traefik"));
    assert_eq!(variable(&app, "crux", "CRUX_UI_URL"), web);
    for part in ["crux", "crux-ui", "kratos"] {
        assert_eq!(variable(&app, part, "FROM_NAME"), "The team", "{part}");
        assert_eq!(variable(&app, part, "API_TOKEN"), "hunter3-of-the-day", "{part}");
    }
    let told = Command::new("grep").args(["-r", "hunter3-of"]).arg(app.path(".runs")).output().expect("grep");
    assert_eq!(told.status.code(), Some(1), "a secret is in {}", String::from_utf8_lossy(&told.stdout));

    // The next one knows it; who runs agents is told each time.
    let again = app.of_stack("up", &[]).expect(0);
    assert!(again.stdout.contains(&format!("as the `up` before: {options}")), "{}", again.stdout);
    assert!(again.stdout.contains("replaced, for they changed: crux\n"), "{}", again.stdout);
    assert_eq!(again.door("mail"), up.door("mail"));
    TcpStream::connect(("127.0.0.1", mail)).expect("somebody listens");
    assert_eq!(app.of_stack("open", &["--print"]).expect(0).stdout.trim(), web);
    let env = app.of_stack("env", &["crux"]).expect(0).stdout;
    assert!(
        env.contains(&format!("CRUX_UI_URL={web}\n")) && env.contains("FROM_NAME=\"The team\"\n"),
        "{env}"
    );

    fs::write(&file, "{\"prot\": 1}").expect("a file");
    app.of_stack("up", &[]).expect(2).sentence(&[
        "unknown field `prot`",
        &file.to_string_lossy(),
        "remove it",
    ]);
    let fresh = app.of_stack("up", &["--defaults"]).expect(0);
    assert!(
        fresh.door("mail").starts_with("localhost:") && fresh.door("mail") != format!("localhost:{mail}")
    );
    assert!(!file.exists());
    app.of_stack("up", &["--host", "dev.example.com"]).expect(0);
    app.of_stack("down", &[]).expect(0);
    assert!(file.exists(), "it stays with the data");
    let down = app.of_stack("down", &["--volumes"]).expect(0);
    assert!(down.stdout.contains(&format!("settings {}", file.display())), "{}", down.stdout);
    assert!(!file.exists() && app.all_in_engine().is_empty());
}

/// A variable as a part has it.
#[track_caller]
fn variable(app: &Application, part: &str, name: &str) -> String {
    docker(&["exec", &app.container(part), "printenv", name]).trim().to_owned()
}
