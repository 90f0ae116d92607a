//! Parts that run on the host are none of the stack: who asks for them is told so.

use serde_json::Value;
use tests::Application;

#[test]
fn what_runs_on_the_host_or_has_no_port_is_told() {
    let app = Application::new();
    let disabled = ["--disable-crux", "--disable", "traefik", "--expect-container-env"];
    app.of_stack("up", &disabled).expect(0);
    let option = format!("--prefix {}", app.prefix());
    let up = format!("`cargo xtask up {option}` without --disable");
    for task in [["exec", "crux", "true"].as_slice(), &["logs", "crux"], &["restart", "crux"]] {
        app.of_stack(task[0], &task[1..]).expect(2).sentence(&["crux runs on the host", &up]);
    }
    let ps = app.of_stack("ps", &["--json"]).expect(0).stdout;
    let parts = ps.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
    let on_host = parts.filter(|part| part["state"] == "on the host");
    let names: Vec<String> = on_host.map(|part| part["part"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(names, ["crux", "traefik"]);
    let ps = app.of_stack("ps", &[]).expect(0);
    assert!(ps.stdout.lines().any(|line| line.starts_with("crux ") && line.ends_with("on the host")));
    assert_eq!(ps.stderr, "", "nothing is missing");

    let instead = format!("`cargo xtask open {option} crux-ui`");
    app.of_stack("open", &["--print"]).expect(2).sentence(&["runs on the host", &instead]);
    let up = format!("`cargo xtask up {option}` without it");
    app.of_stack("open", &["--print", "kratos"]).expect(2).sentence(&["no port of kratos is published", &up]);
    app.of_stack("down", &["--volumes"]).expect(0);
}
