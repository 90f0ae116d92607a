//! `up` and `down`: a stack that stays, of which only what changed is replaced, and which a failure
//! leaves as it was.

use std::net::TcpListener;
use std::time::Duration;

use tests::{Application, Fixture, docker, free_port, get, wait_until};

#[test]
fn a_stack_stays_and_only_what_changed_is_replaced() {
    let app = Application::new();
    let up = app.of_stack("up", &[]).expect(0);
    let web = up.door("traefik");
    assert!(get(&web, "/").unwrap().ends_with("a page"));
    assert!(get(&web, "/api/health").unwrap().contains("operational"));
    assert!(get(&up.door("crux"), "/").unwrap().contains("operational"));
    let there = app.sorted();
    // Eight containers, a network, data.
    assert_eq!(there.len(), 10, "{there:?}");
    let mine = format!("xtask-{}", app.prefix());
    assert!(there.iter().all(|name| name.starts_with(&mine)), "{there:?}");
    assert_eq!(app.processes(), [0; 0], "nobody watches over it");
    let id = |part| app.container(part);
    let [crux, database, migrate] = ["crux", "database", "crux-migrate"].map(id);
    sql(&database, "CREATE TABLE team AS SELECT 'crew' AS name");

    let again = app.of_stack("up", &[]).expect(0);
    assert!(
        again.stdout.contains("left alone: crux, crux-ui, database, kratos, mail, traefik"),
        "{}",
        again.stdout
    );
    assert_eq!(["crux", "database", "crux-migrate"].map(id), [crux.clone(), database.clone(), migrate]);
    assert_eq!(again.door("traefik"), web);

    app.serve_also("console.log('changed')");
    let changed = app.of_stack("up", &[]).expect(0);
    assert!(changed.stdout.contains("replaced, for they changed: crux\n"), "{}", changed.stdout);
    assert_ne!(id("crux"), crux);
    assert_eq!((id("database"), app.sorted()), (database, there.clone()));
    assert!(get(&web, "/api/health").unwrap().contains("operational"));

    // One that a person stopped starts again; a sweep leaves all of it alone.
    docker(&["stop", "--time", "0", &id("mail")]);
    let clean = app.run(&["clean", "--volumes"]).expect(0);
    assert!(clean.stdout.contains(&format!("the stack {} stays", app.prefix())), "{}", clean.stdout);
    assert_eq!(app.sorted(), there);
    let started = app.of_stack("up", &[]).expect(0);
    assert!(started.stdout.contains("started again: mail\n"), "{}", started.stdout);
    assert!(get(&up.door("mail-api"), "/mail").unwrap().contains("mailItems"));

    app.of_stack("down", &[]).expect(0);
    assert_eq!(app.all_in_engine(), [format!("{mine}-database")], "its data stay");
    app.of_stack("up", &[]).expect(0);
    assert_eq!(sql(&id("database"), "TABLE team"), "crew");
    // From another checkout of this machine, by its prefix.
    let (elsewhere, state) = (Fixture::new(), app.state().display().to_string());
    let down = ["down", "--prefix", &app.prefix(), "--volumes"];
    elsewhere.start_with(&down, &[("XDG_STATE_HOME", &state)]).finish().expect(0);
    assert_eq!(app.all_in_engine(), [""; 0]);
    let nothing = app.of_stack("down", &[]).expect(0);
    assert!(nothing.stdout.contains(&format!("there is no stack {}", app.prefix())), "{}", nothing.stdout);
}

#[test]
fn what_fails_or_is_stopped_leaves_all_as_it_was() {
    let app = Application::new();
    let works = "console.log('no migration is left to do')\n";
    app.write("web/crux/prisma/migrate.js", "process.exit(3)\n");
    app.of_stack("up", &[]).expect(1).sentence(&["crux-migrate failed, with exit code 3"]);
    assert_eq!(app.all_in_engine(), [""; 0]);

    app.write("web/crux/prisma/migrate.js", works);
    let up = app.of_stack("up", &[]).expect(0);
    let (there, crux) = (app.sorted(), app.container("crux"));
    app.serve_also("process.exit(4)");
    app.of_stack("up", &[]).expect(1).sentence(&["crux", "exit code 4"]);
    assert_eq!((app.sorted(), app.container("crux")), (there.clone(), crux.clone()));
    wait_until("the backend that ran before", || get(&up.door("crux"), "/").ok());

    app.serve_also("");
    app.write("web/crux/prisma/migrate.js", "console.log('migrating')\nsetTimeout(() => {}, 600000)\n");
    let mut stopped = app.start(&["up", "--prefix", &app.prefix()]);
    stopped.wait_for("the migration", |event| {
        event["event"] == "service_log"
            && event["text"].as_str().is_some_and(|text| text.contains("migrating"))
    });
    // One at a time: the other waits, and says so.
    let mut waits = app.start(&["down", "--prefix", &app.prefix()]);
    waits.wait_for("the notice that it waits", |event| {
        event["text"].as_str().is_some_and(|text| text.contains("another `up` or `down`"))
    });
    let (run, took) = stopped.end_by("INT");
    run.expect(130);
    assert!(took < Duration::from_secs(15), "{took:?}");
    waits.finish().expect(0);
    let data = format!("xtask-{}-database", app.prefix());
    assert_eq!(app.all_in_engine(), [&*data]);

    // Data that this server cannot read are told before it refuses them.
    app.write("web/crux/prisma/migrate.js", works);
    let image = docker(&["inspect", "--format", "{{.Id}}", "xtask-stand-in/postgres:14.2-alpine"]);
    let age = "echo 9 > /data/cluster/PG_VERSION";
    let volume = format!("{data}:/data");
    docker(&["run", "--rm", "--volume", &volume, "--entrypoint", "sh", image.trim(), "-c", age]);
    let old = app.of_stack("up", &[]).expect(1);
    assert!(old.stdout.contains("these data are of PostgreSQL 9, and this is PostgreSQL "), "{}", old.stdout);
    assert_eq!(app.all_in_engine(), [&*data]);
}

/// Which of the shifts of ports a prefix gets first, as `xtask/src/lasting/ports.rs` has it.
fn shift(prefix: &str) -> u32 {
    let hash = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    prefix.bytes().fold(0x811c_9dc5, hash) % 147
}

#[test]
fn two_stacks_stand_side_by_side() {
    let app = Application::new();
    // Both would have the same ports, and neither has any when the other looks.
    let one = format!("{}-a", app.prefix());
    let mut others = (0..).map(|number| format!("{}-b{number}", app.prefix()));
    let other = others.find(|other| shift(other) == shift(&one)).expect("without end");
    let both = [&one, &other].map(|prefix| app.start(&["up", "--prefix", prefix]));
    let [first, second] = both.map(|up| up.finish().expect(0));
    for door in ["traefik", "crux", "database"] {
        assert_ne!(first.door(door), second.door(door));
    }
    for run in [&first, &second] {
        assert!(get(&run.door("traefik"), "/api/health").unwrap().contains("operational"));
    }
    // On the host, a part of the second listens beside one of the first; and variables for that change
    // nothing in containers, of whichever stack.
    let file = app.path("web/crux/.env").display().to_string();
    app.run(&["env", "--prefix", &other, "crux", "--into", &file, "--yes"]).expect(0);
    let env = std::fs::read_to_string(&file).expect("a file");
    let port = second.door("crux").rsplit(':').next().expect("a port").to_owned();
    assert!(env.contains(&format!("\nHTTP_API_PORT={port}\n")) && !env.contains("kratos:"), "{env}");
    app.write("web/crux/.env", &env.replace("HTTP_API_PORT=", "# ").replace("GRPC_AGENT_PORT=", "# "));
    app.run(&["up", "--prefix", &one]).expect(0);
    let variable = |name: &str| docker(&["exec", &format!("xtask-{one}-crux"), "printenv", name]);
    assert_eq!(variable("KRATOS_ADMIN_URL").trim(), "http://kratos:4434");
    assert_eq!(
        variable("SMTP_URI").trim(),
        "smtps://test:test@mail:1025/?skip_ssl_verify=true&legacy_ssl=true"
    );
    assert_eq!(variable("CRUX_UI_URL").trim(), format!("http://{}", first.door("traefik")));
    // A third on a network of somebody else's, with no port at all.
    let (third, network) = (format!("{}-c", app.prefix()), format!("{}-net", app.prefix()));
    let args = ["up", "--prefix", &third, "--expect-container-env", "--network", &network];
    app.run(&args).expect(2).sentence(&["no network", "docker network create"]);
    let host = ["up", "--prefix", &third, "--expect-container-env", "--network", "host"];
    app.run(&host).expect(2).sentence(&["do not find each other by name", "docker network create"]);
    docker(&[
        "network",
        "create",
        "--label",
        &format!("xtask.host={}", app.host().expect("a host")),
        &network,
    ]);
    let run = app.run(&args).expect(0);
    assert!(run.stdout.contains("no port is published"), "{}", run.stdout);
    let ask = "http.get('http://traefik:8000/api/health', answer => answer.pipe(process.stdout))";
    let said = docker(&["exec", &format!("xtask-{third}-crux"), "node", "-e", ask]);
    assert!(said.contains("operational"), "{said}");
    let ports = docker(&["ps", "--filter", &format!("label=xtask.prefix={third}"), "--format", "{{.Ports}}"]);
    assert!(!ports.contains("->"), "{ports}");
    let fourth = format!("{}-d", app.prefix());
    let beside = ["up", "--prefix", &fourth, "--expect-container-env", "--network", &network];
    app.run(&beside)
        .expect(2)
        .sentence(&[&format!("the stack {third} is on the network"), "another network"]);
    app.run(&["down", "--prefix", &third, "--volumes"]).expect(0);
    docker(&["network", "rm", &network]); // it is there still, and free

    app.run(&["down", "--prefix", &one, "--volumes"]).expect(0);
    assert!(get(&second.door("traefik"), "/").is_ok());
    app.run(&["down", "--prefix", &other, "--volumes"]).expect(0);
    assert_eq!(app.all_in_engine(), [""; 0]);
}

#[test]
fn ports_and_names_that_cannot_be_are_told_before_anything_starts() {
    let app = Application::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let taken = app.of_stack("up", &["--port", &format!("crux={port}")]).expect(3);
    let us = format!("(process {})", std::process::id());
    taken.sentence(&[&format!("port {port}, on which the backend's REST is to be, is taken by "), &us]);
    app.of_stack("up", &["--port", "crux=7777", "--port", "mail=7777"]).expect(2).sentence(&["port 7777"]);
    app.of_stack("up", &["--port", "crux=7777", "--port", "crux=7778"]).expect(2).sentence(&["crux twice"]);
    app.of_stack("up", &["--expose", "192.0.2.1"]).expect(2).sentence(&["192.0.2.1", "--expose"]);
    for args in
        [["--port", "crux=65536"], ["--port", "cruks=1"], ["--prefix", "Not_A_Label"], ["--disable", "krux"]]
    {
        let run = app.run(&[&["up"], args.as_slice()].concat()).expect(2);
        assert!(run.stderr.contains(args[1].split('=').next_back().expect("a word")), "{}", run.stderr);
    }
    assert_eq!(app.all_in_engine(), [""; 0]);
}

#[test]
fn ports_change_hands() {
    let app = Application::new();
    let [one, other] = [free_port(), free_port()];
    let up = |crux: u16, kratos: u16| {
        let ports = [format!("crux={crux}"), format!("kratos={kratos}")];
        app.of_stack("up", &["--port", &ports[0], "--port", &ports[1]]).expect(0)
    };
    up(one, other);
    up(other, one);
    let crux = format!("127.0.0.1:{other}");
    assert!(get(&crux, "/").unwrap().contains("operational"));
    app.of_stack("down", &["--volumes"]).expect(0);
}

/// What the database in a container answers.
#[track_caller]
fn sql(container: &str, sql: &str) -> String {
    let args = ["--username=crux", "--dbname=crux", "--no-align", "--tuples-only", "--command", sql];
    docker(&[&["exec", container, "psql"], args.as_slice()].concat()).trim().to_owned()
}
