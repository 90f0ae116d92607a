//! A part that a developer runs on the host, beside the rest of the stack: the others find it there, and
//! it finds them.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tests::{Application, docker, free_port, get, wait_until};

/// The example's values, with which it was begun.
const ENV: &str =
    "# Mine\nDATABASE_URL=\"postgresql://crux:hunter2@localhost:5432/crux?schema=public\" # kept\n";

#[test]
fn a_part_on_the_host_is_one_of_the_stack() {
    let app = Application::new();
    let port = free_port();
    app.write("web/crux/.env", &format!("{ENV}HTTP_API_PORT={port}\nJWT_SECRET='se$ret'\n"));
    let serve = fs::read_to_string(app.path("web/crux/serve.js")).expect("a file");
    let serve = serve.replace(".listen(1848", ".listen(Number(process.env.HTTP_API_PORT)");
    app.write("web/crux/serve.js", &serve);
    // First with all parts: the one in a container goes.
    let up = app.of_stack("up", &[]).expect(0);
    assert!(get(&up.door("traefik"), "/api/health").unwrap().contains("operational"));
    let up = app.of_stack("up", &["--disable-crux"]).expect(0);
    assert!(up.stdout.contains("taken down: crux\n"), "{}", up.stdout);
    assert!(
        !app.all_in_engine().iter().any(|name| name.contains("-crux-migrate") || name.ends_with("-crux"))
    );
    let web = up.door("traefik");
    assert!(get(&web, "/api/health").unwrap_err().contains("502"), "nobody runs it yet");

    // What it needs, as printed and in its file.
    let printed = app.of_stack("env", &["crux"]).expect(0);
    let database = up.door("database").replace("localhost", "127.0.0.1");
    let url = format!("DATABASE_URL=\"postgresql://crux:hunter2@{database}/crux?schema=public\"");
    assert!(printed.stdout.lines().any(|line| line == url), "{url} in {}", printed.stdout);
    for line in [
        "JWT_SECRET='se$ret'".to_owned(),
        format!("CRUX_UI_URL=http://{web}"),
        format!("HTTP_API_PORT={port}"),
    ] {
        assert!(printed.stdout.lines().any(|known| known == line), "{line} in {}", printed.stdout);
    }
    assert!(
        !printed.stdout.contains("traefik:") && !printed.stdout.contains("kratos:"),
        "{}",
        printed.stdout
    );
    let file = app.path("web/crux/.env");
    let path = file.display().to_string();
    let before = fs::read_to_string(&file).expect("a file");
    app.of_stack("env", &["crux", "--into", &path]).expect(2).sentence(&["no terminal", "--yes"]);
    assert_eq!(fs::read_to_string(&file).expect("a file"), before, "nothing without a word");
    let into = app.of_stack("env", &["crux", "--into", &path, "--yes"]).expect(0);
    assert!(into.stdout.contains("+ KRATOS_URL=") && !into.stdout.contains("hunter2"), "{}", into.stdout);
    let after = fs::read_to_string(&file).expect("a file");
    assert!(after.starts_with("# Mine\nDATABASE_URL=") && after.contains("\" # kept\n"), "{after}");
    assert!(after.contains(&url), "{after}");
    let again = app.of_stack("env", &["crux", "--into", &path, "--yes"]).expect(0);
    assert!(again.stdout.contains("has all of it already"), "{}", again.stdout);

    // It runs on the host, with just that; the others find it by its name.
    let _crux = Host::start(&app.path("web/crux"), "serve.js", &after);
    wait_until("the backend on the host", || get(&web, "/api/health").and_then(operational).ok());
    let ask = format!("http.get('http://crux:{port}/', answer => answer.pipe(process.stdout))");
    let said = docker(&["exec", &app.container("crux-ui"), "node", "-e", &ask]);
    assert!(said.contains("operational"), "{said}");
    // What the file says of the host does not change what runs in containers.
    let up = app.of_stack("up", &["--disable", "crux"]).expect(0);
    assert!(up.stdout.contains("left alone: crux-ui, database, kratos, mail, traefik"), "{}", up.stdout);
    // Nor does it in a container, where this machine is another one.
    app.of_stack("up", &[]).expect(0);
    let kratos = docker(&["exec", &app.container("crux"), "printenv", "KRATOS_URL"]);
    assert_eq!(kratos.trim(), "http://traefik:8000/kratos");
    app.of_stack("down", &["--volumes"]).expect(0);
}

/// The sample's backend, NestJS with its gRPC and its database: what a container of it has is taken out
/// and run as it is by this machine's Node.
#[test]
fn the_samples_backend_runs_on_the_host() {
    let app = Application::sample();
    let [rest, agents, metrics] = [(); 3].map(|()| free_port());
    let ports = format!("HTTP_API_PORT={rest}\nGRPC_AGENT_PORT={agents}\nMETRICS_API_PORT={metrics}\n");
    let example = fs::read_to_string(app.path("web/crux/.env.example")).expect("a file");
    app.write("web/crux/.env", &format!("{example}\n{ports}"));
    app.of_stack("up", &[]).expect(0);
    let built = format!("{}:/src/.", app.container("crux"));
    let folder = app.path("on-the-host");
    docker(&["cp", &built, &folder.display().to_string()]);

    let up = app.of_stack("up", &["--disable-crux"]).expect(0);
    let file = folder.join(".env").display().to_string();
    app.of_stack("env", &["crux", "--into", &file, "--yes"]).expect(0);
    let env = fs::read_to_string(&file).expect("a file");
    let web = up.door("traefik");
    let _crux = Host::start(&folder, "dist/main.js", &env);
    wait_until("the sample's backend", || get(&web, "/api/health").and_then(operational).ok());
    // It has its database and Kratos: who is not signed in is told so, and not that something is away.
    let answer = get(&web, "/api/teams").unwrap_err();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    // It serves what the stack's other parts and agents expect, at its own ports.
    for port in [agents, metrics] {
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok(), "{port}");
    }
    app.of_stack("down", &["--volumes"]).expect(0);
}

fn operational(answer: String) -> Result<(), String> {
    if answer.contains("operational") { Ok(()) } else { Err(answer) }
}

/// The backend on the host; ended with it.
struct Host(Child);

impl Host {
    /// Starts `node` with variables, in a folder.
    fn start(folder: &Path, script: &str, env: &str) -> Self {
        let file = folder.join(".host.env");
        fs::write(&file, env).expect("a file");
        let mut command = Command::new("node");
        command.arg(format!("--env-file={}", file.display())).arg(script).current_dir(folder);
        Self(command.stdout(Stdio::null()).spawn().expect("node"))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}
