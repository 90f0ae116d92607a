//! `up --watch`: an edit replaces the part while requests through Traefik go on, and none of them fails.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tests::{Application, docker, docker_of, get};

/// Requests through the one door, one after another, from several at once.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn on(web: &str) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clients = ["/api/health", "/", "/api/health"].map(|path| {
            let (stop, answered, web) = (stop.clone(), answered.clone(), web.to_owned());
            thread::spawn(move || {
                let mut failed = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    match get(&web, path) {
                        Ok(_) => drop(answered.fetch_add(1, Ordering::SeqCst)),
                        Err(error) => failed.push(format!("{path}: {error}")),
                    }
                    thread::sleep(Duration::from_millis(20)); // its pace
                }
                failed
            })
        });
        Self { stop, answered, clients: clients.into() }
    }

    /// How many were answered, and what failed.
    fn end(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::SeqCst);
        let failed = self.clients.into_iter().flat_map(|client| client.join().expect("a client"));
        (self.answered.load(Ordering::SeqCst), failed.collect())
    }
}

/// The names to which containers that stood by answered, by container, until the end of `load`.
fn of_stand_bys(load: &Load, prefix: &str) -> JoinHandle<BTreeMap<String, String>> {
    let (stop, prefix) = (load.stop.clone(), prefix.to_owned());
    thread::spawn(move || {
        let names = "{{range .NetworkSettings.Networks}}{{join .Aliases \" \"}}{{end}}";
        let look = ["container", "inspect", "--format", names];
        let mut seen = BTreeMap::new();
        while !stop.load(Ordering::SeqCst) {
            let there =
                docker(&["ps", "--filter", &format!("name=xtask-{prefix}-"), "--format", "{{.Names}}"]);
            for container in there.lines().filter(|name| is_stand_by(name)) {
                if let Some(told) = docker_of(&look, container) {
                    seen.insert(container.to_owned(), told.trim().to_owned());
                }
            }
            thread::sleep(Duration::from_millis(500)); // each is there for seconds
        }
        seen
    })
}

/// It is called as its part and a session are, with a hyphen between them.
fn is_stand_by(container: &str) -> bool {
    let session = container.rsplit('-').next().expect("a part");
    session.len() == 8 && session.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
fn an_edit_replaces_a_part_and_no_request_fails() {
    let app = Application::new();
    let up = app.of_stack("up", &[]).expect(0);
    app.write("settings", "# none yet\n");
    let settings = app.path("settings").display().to_string();
    let mut watch = app.start(&["up", "--prefix", &app.prefix(), "--watch", "--env-file", &settings]);
    // Each round is a run, and its record takes the place of the one before.
    let mut wait = |what: &str, told: &str| {
        let said = |event: &Value| {
            let texts = [&event["line"], &event["text"], &event["error"]];
            texts.iter().any(|text| text.as_str().is_some_and(|text| text.contains(told)))
        };
        watch.wait_for_run(what, |events| {
            events.last().is_some_and(|last| last["event"] == "run_finished") && events.iter().any(said)
        });
    };
    wait("the first round", "left alone: crux, ");
    let ids = |part| app.container(part);
    let [crux, ui, database] = ["crux", "crux-ui", "database"].map(ids);

    let load = Load::on(&up.door("traefik"));
    let stand_bys = of_stand_bys(&load, &app.prefix());
    app.serve_also("console.log('second version')");
    wait("a new backend", "replaced, for they changed: crux");
    let page = fs::read_to_string(app.path("web/crux-ui/server.js")).expect("a file");
    app.write("web/crux-ui/server.js", &page.replace("a page", "another page"));
    wait("a new frontend", "replaced, for they changed: crux-ui");
    // One that cannot be built, and one that does not run, leave the old one.
    app.serve_also("this is no JavaScript");
    wait("a build that fails", "`exec npm run build` failed");
    app.serve_also("process.exit(9)");
    wait("a backend that ends", "with exit code 9");
    let (answered, failed) = load.end();
    assert_eq!(failed, [""; 0], "of {answered}");
    assert!(answered > 100, "{answered}");
    // Whoever asks for the part comes to the part, never to what is about to go.
    let stand_bys = stand_bys.join().expect("what was seen");
    for part in ["crux", "crux-ui"] {
        let own = format!("xtask-{}-{part}-", app.prefix());
        let is_of_part = |name: &&String| name.strip_prefix(&own).is_some_and(|rest| !rest.contains('-'));
        let of_part: Vec<&String> = stand_bys.keys().filter(is_of_part).collect();
        assert!(!of_part.is_empty(), "{part}: {stand_bys:?}");
        for name in of_part {
            assert!(!stand_bys[name].split(' ').any(|name| name == part), "{stand_bys:?}");
        }
    }

    assert_ne!(ids("crux"), crux);
    assert_ne!(ids("crux-ui"), ui);
    assert_eq!(ids("database"), database, "what depends on nothing new is untouched");
    assert!(docker(&["logs", &ids("crux")]).contains("second version"));
    assert!(get(&up.door("traefik"), "/").unwrap().ends_with("another page"));
    assert!(get(&up.door("crux"), "/").unwrap().contains("operational"), "its own port moved with it");
    // Variables count as sources do.
    app.serve_also("console.log('second version')");
    wait("what runs already", "left alone: crux, ");
    app.write("settings", "MARK=seen\n");
    wait("a new variable", "replaced, for they changed: crux, crux-ui");
    assert_eq!(docker(&["exec", &app.container("crux"), "printenv", "MARK"]), "seen\n");
    let (run, _) = watch.end_by("INT");
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    let errors: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 2, "of the two rounds that failed: {}", run.stderr);
    assert_eq!(run.stdout.matches("watching for changes").count(), 7, "{}", run.stdout);
    assert!(get(&up.door("traefik"), "/api/health").unwrap().contains("operational"), "it stays");
    assert_eq!(app.all_in_engine().len(), 10, "{:?}", app.all_in_engine());
    app.of_stack("down", &["--volumes"]).expect(0);
}
