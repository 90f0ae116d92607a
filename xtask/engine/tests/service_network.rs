//! Services among each other: names and needs, a shared localhost, jobs, kept data, bound tests.

mod pipeline_support;
mod service_support;

use std::time::Duration;

use pipeline_support::World;
use service_support::{http_server, why};
use xtask_engine::Error;
use xtask_engine::event::{Event, ServiceState};
use xtask_engine::pipeline::{Readiness, Secret, Volume};

const OK: &str = "[200, 'operational']";

/// A shell command that prints what a page says.
fn get(url: &str) -> [String; 3] {
    let script = format!("fetch('{url}').then(r => r.json()).then(j => console.log('{url} is', j.status))");
    ["node".into(), "-e".into(), script]
}

#[tokio::test(flavor = "multi_thread")]
async fn all_find_each_other_by_name_also_in_circles_and_by_alias() {
    let world = World::open().await.closing();
    // Each is ready when the other answers: they wait for nobody, and name each other.
    let asks = |other: &str| {
        let url = format!("http://{other}:8080/");
        Readiness::command(["node", "-e", &format!("fetch('{url}').then(r => process.exit(r.ok ? 0 : 1))")])
    };
    let service = |name: &str, other: &str| {
        http_server(&world, OK).with_exposed_port(8080).as_service(name).with_readiness(asks(other))
    };
    let (one, other) = (service("one", "other"), service("other", "one"));
    let client = world
        .image()
        .with_default_args(get("http://alias:8080/"))
        .with_service_binding("alias", &one)
        .as_job("client");
    world.start(&[&one, &other, &client]).await;
    world.close().await;
    assert!(world.service_log("client").contains("http://alias:8080/ is operational"));
}

#[tokio::test(flavor = "multi_thread")]
async fn needs_decide_the_order_and_what_needs_nothing_runs_at_once() {
    let world = World::open().await.closing();
    let job = |name: &str, script: &str| {
        let job = world.image().with_default_args(["sh", "-c", script]).as_job(name);
        job.with_volume("/met", Volume::of_session("met")).with_timeout(Duration::from_secs(120))
    };
    // It waits for the one beside it: were that one to wait for it, neither would ever end.
    let slow = job("slow", "until [ -e /met/beside ]; do sleep 0.1; done; echo done");
    let after = job("after", "true").with_need(&slow);
    let beside = job("beside", "touch /met/beside");
    world.start(&[&after, &beside]).await;
    assert_eq!(world.service_states("after"), ["waiting for slow", "starting", "completed"]);
    let events = world.events();
    let at = |name: &str, wanted: fn(&ServiceState) -> bool| {
        let is = |event: &Event| matches!(event, Event::Service { service, state, .. } if service == name && wanted(state));
        events.iter().position(is).expect("it was told")
    };
    let starting = |state: &ServiceState| matches!(state, ServiceState::Starting { .. });
    let completed = |state: &ServiceState| *state == ServiceState::Completed;
    assert!(at("slow", completed) < at("after", starting));
    assert!(at("beside", starting) < at("slow", completed));
    let creating =
        |state: &ServiceState| matches!(state, ServiceState::Creating { needs, .. } if *needs == ["slow"]);
    assert!(at("after", creating) < at("slow", completed), "what it needs is told before that is there");
    // Once in a session, however many ask.
    world.start(&[&slow, &beside]).await;
    assert_eq!(world.service_states("slow").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_ends_it_all_and_what_needs_it_never_starts() {
    let world = World::open().await.closing();
    let job = world.image().with_default_args(["sh", "-c", "echo relation exists; exit 3"]).as_job("migrate");
    let service = http_server(&world, OK).with_exposed_port(8080).as_service("web").with_need(&job);
    let failure = why(world.session.start(&[&service]).await);
    assert_eq!(failure.to_string(), "migrate failed, with exit code 3");
    assert_eq!(failure.tail, ["relation exists"]);
    assert!(!world.service_states("web").contains(&"starting".to_owned()));
    // Whoever wants them later in the session learns the same at once.
    let again = why(world.session.start(&[&service]).await);
    assert_eq!(again.to_string(), "migrate failed, with exit code 3");
    let test = world.image().with_service_binding("web", &service).with_test(["true"]);
    let test = world.session.test("test", &test).await.map(drop);
    assert_eq!(why(test).to_string(), "migrate failed, with exit code 3");
    let endless = world.image().with_default_args(["sleep", "1000"]).as_job("endless");
    let world = World::open().await.closing();
    let result = world.session.start(&[&endless.with_timeout(Duration::from_millis(300))]).await;
    assert!(why(result).to_string().starts_with("endless did not end within 0.3 s"));
}

#[tokio::test(flavor = "multi_thread")]
async fn localhost_is_one_for_those_who_share_it() {
    let world = World::open().await.closing();
    let database = http_server(&world, OK).with_exposed_port(8080).as_service("database");
    let client = world
        .image()
        .with_default_args(get("http://localhost:8080/"))
        .with_service_binding("localhost", &database)
        .as_job("client");
    // The others find its members by their names, as ever.
    let beside =
        world.image().with_default_args(get("http://database:8080/")).as_job("beside").with_need(&database);
    world.start(&[&client, &beside]).await;
    world.close().await;
    assert!(world.service_log("client").contains("http://localhost:8080/ is operational"));
    assert!(world.service_log("beside").contains("http://database:8080/ is operational"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_come_and_go_beside_one_service() {
    let world = World::open().await.closing();
    let web = http_server(&world, OK).with_exposed_port(8080).as_service("web");
    let fetch =
        ["node", "-e", "fetch('http://localhost:8080').then(answer => process.exit(answer.ok ? 0 : 1))"];
    let test = world.image().with_service_binding("localhost", &web).with_test(fetch);
    // In one namespace with it; whatever they are called, and again.
    for name in ["zeta", "alpha", "alpha"] {
        world.session.test(name, &test).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let named_so = world.session.test("web", &test).await.expect_err("a name of two").to_string();
    assert_eq!(named_so, "a test and a service are both named web: give the test another name");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_a_session_die_with_it_and_kept_data_stay_and_are_locked() {
    let owner = format!("test {}", uuid::Uuid::new_v4());
    let volume = Volume::kept("data", &owner);
    let count = |world: &World, volume: Volume| {
        let script = "echo x >> /data/file; echo lines $(wc -l < /data/file)";
        world.image().with_default_args(["sh", "-c", script]).as_job("count").with_volume("/data", volume)
    };
    let lines = async |volume: Volume| {
        let world = World::open().await.closing();
        world.start(&[&count(&world, volume)]).await;
        world.close().await;
        world.service_log("count")
    };
    assert_eq!(lines(Volume::of_session("data")).await, "lines 1\n");
    assert_eq!(lines(Volume::of_session("data")).await, "lines 1\n");
    assert_eq!(lines(volume.clone()).await, "lines 1\n");
    assert_eq!(lines(volume.clone()).await, "lines 2\n");

    let first = World::open().await.closing();
    let holds = first.image().with_default_args(["sleep", "1000"]).as_service("holds");
    first.start(&[&holds.with_volume("/data", volume.clone())]).await;
    let second = World::open().await.closing();
    let refused =
        second.session.start(&[&count(&second, volume)]).await.expect_err("it is in use").to_string();
    assert!(refused.starts_with("the data of count are in use"), "{refused}");
    let engine = first.session.engine();
    first.close().await;
    let left = engine.owned(&[format!("xtask.owner={owner}")]).await.expect("a list");
    assert_eq!(left.len(), 1, "{left:?}");
    engine.remove_owned(&left).await.expect("it goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_test_runs_among_services_and_brings_its_files_out() {
    let world = World::open().await.closing();
    let web = http_server(&world, OK).with_exposed_port(8080).as_service("web");
    let script = "fetch('http://web:8080/').then(r => r.json()).then(j => {
      const fs = require('fs')
      fs.writeFileSync(process.env.XTASK_RESULTS + '/status', j.status)
      fs.mkdirSync('/app/shots')
      fs.writeFileSync('/app/shots/one', 'picture')
      console.log('secret is', process.env.SECRET)
      process.exit(4)
    })";
    let secret = world.dir.path().join("secret");
    std::fs::write(&secret, "hunter2hunter2").expect("a file");
    let test = world
        .image()
        .with_workdir("/app")
        .with_user("1000")
        .with_user("root")
        .with_secret_variable("SECRET", Secret::file(&secret))
        .with_service_binding("web", &web)
        .with_test(["node", "-e", script])
        .with_artifact("shots");
    let error = world.session.test("e2e", &test).await.expect_err("exit code 4");
    assert_eq!(error.to_string(), "e2e: the test command failed with exit code 4");
    let files = world.dir.path().join("record/e2e");
    let read = |name: &str| {
        std::fs::read_to_string(files.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    assert_eq!(read("status"), "operational");
    assert_eq!(read("shots/one"), "picture");
    assert_eq!(read("output.log"), "secret is ***\n");
    assert!(!files.join(".unpack").exists());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_dies_while_a_test_runs_is_the_reason() {
    let world = World::open().await.closing();
    // Well until somebody asks it for something.
    let script =
        "require('http').createServer(() => { console.log('out of luck'); process.exit(9) }).listen(8080)";
    let web =
        world.image().with_default_args(["node", "-e", script]).with_exposed_port(8080).as_service("web");
    let asks = "require('fs').writeFileSync(process.env.XTASK_RESULTS + '/file', 'here')
      fetch('http://web:8080/').catch(() => {}); setTimeout(() => {}, 1000000)";
    let test = world.image().with_service_binding("web", &web).with_test(["node", "-e", asks]);
    let error = world.session.test("e2e", &test).await.expect_err("it is stopped");
    let Error::Service(failure) = error else { panic!("{error}") };
    assert_eq!(failure.to_string(), "web ended while it was needed, with exit code 9");
    assert_eq!(failure.tail, ["out of luck"]);
    assert!(world.dir.path().join("record/e2e/file").exists());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_for_memory_while_a_test_runs_is_told_so() {
    let world = World::open().await.closing();
    // Well until it is asked for what takes more than it may have.
    let script = "const all = []
      require('http').createServer((q, r) => { for (;;) all.push(Buffer.alloc(1 << 20, 1)) }).listen(8080)";
    let web = world
        .image()
        .with_default_args(["node", "-e", script])
        .with_exposed_port(8080)
        .as_service("web")
        .with_memory_limit(128 << 20);
    let asks = "fetch('http://web:8080/').catch(() => {}); setTimeout(() => {}, 1000000)";
    let test = world.image().with_service_binding("web", &web).with_test(["node", "-e", asks]);
    let error = world.session.test("e2e", &test).await.expect_err("it is stopped").to_string();
    assert!(error.starts_with("web ended while it was needed, killed for want of memory; "), "{error}");
    world.close().await;
}

/// Like npm, the first process passes nothing on; like Playwright, the one that it starts writes its
/// report when it is interrupted.
const RUNNER: &str = "
process.on('SIGINT', () => {})
const report = `process.on('SIGINT', () => {
  require('fs').writeFileSync(process.env.XTASK_RESULTS + '/report', 'interrupted')
  process.exit(3)
})
setInterval(() => {}, 1000)`
require('child_process').spawn('node', ['-e', report]).on('exit', code => process.exit(code))";

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_test_at_its_time_limit_is_interrupted_and_its_report_comes_out() {
    // Long enough, on any machine, for all to be there before.
    let world = World::open_with(|options| options.timeout = Some(Duration::from_secs(30))).await.closing();
    let web = http_server(&world, OK).with_exposed_port(8080).as_service("web");
    let test = world.image().with_service_binding("web", &web).with_test(["node", "-e", RUNNER]);
    let error = world.session.test("e2e", &test.named("run")).await.expect_err("it is stopped");
    assert_eq!(error.to_string(), "e2e: stopped by the time limit of 30 s while `test run` ran");
    let report = std::fs::read_to_string(world.dir.path().join("record/e2e/report"));
    assert_eq!(report.expect("a report"), "interrupted");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_together_is_told_before_anything_starts() {
    let world = World::open().await.closing();
    let first = world.image().with_default_args(["true"]).as_job("migrate");
    let second = world.image().with_default_args(["false"]).as_job("migrate");
    let error = world.session.start(&[&first, &second]).await.expect_err("two of a name");
    assert!(matches!(error, Error::Plan(_)) && error.exit_code() == 2, "{error}");
    let bound = world.image().with_service_binding("migrate", &first).with_exec(["true"]);
    let error = world.session.run("run", &bound).await.expect_err("a run is no step").to_string();
    assert!(error.starts_with("a command after with_service_binding is a run and no build step"), "{error}");
    assert_eq!(world.session_id().await, None, "nothing was made");
}
