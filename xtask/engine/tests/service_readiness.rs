//! Services against the real engine: each kind of readiness, ready and not.

mod pipeline_support;
mod service_support;

use std::time::Duration;

use pipeline_support::World;
use service_support::{http_server, why};
use xtask_engine::pipeline::{Container, Readiness};

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_readiness_waits_until_it_is_true() {
    let ready = [
        ("tcp", Readiness::tcp(8080)),
        ("http", Readiness::http(8080, "/ready")),
        ("json", Readiness::http_json(8080, "/ready", "status", "operational")),
        ("command", Readiness::command(["sh", "-c", "test $(cat /served) -ge 0"])),
        ("log-line", Readiness::log_line("listening on")),
    ];
    for (name, readiness) in ready {
        let world = World::open().await.closing();
        let container = http_server(&world, "n > 2 ? [200, 'operational'] : [n ? 503 : 200, 'disrupted']");
        let service = container.with_exposed_port(8080).as_service(name).with_readiness(readiness);
        world.start(&[&service]).await;
        let last = world.service_states(name).pop();
        assert_eq!(last.as_deref(), Some("ready"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_get_ready_is_told_with_its_last_probe_and_lines() {
    let cases = [
        // Whatever ports it exposes.
        (Readiness::tcp(9), "a TCP connection: nothing listens on port 9"),
        (Readiness::http(8080, "/ready"), "GET :8080/ready: it answered 503 Service Unavailable"),
        (
            Readiness::http_json(8080, "/other", "status", "operational"),
            "GET :8080/other with status = operational: its status is disrupted, not operational",
        ),
        (Readiness::http(8080, "/hang"), "GET :8080/hang: no answer within 3 s"),
        (Readiness::command(["sh", "-c", "echo no luck; exit 3"]), "exit code 3: no luck"),
        (Readiness::log_line("never said"), "a line with \"never said\""),
    ];
    // All at once, since each takes its time to the end.
    let cases = cases.map(|(readiness, expected)| tokio::spawn(is_not_ready(readiness, expected)));
    for case in cases {
        case.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    }
}

/// A service never is by `readiness`, and what was seen last is `expected`.
async fn is_not_ready(readiness: Readiness, expected: &str) {
    let world = World::open().await.closing();
    let container = http_server(&world, "[url === '/ready' ? 503 : 200, 'disrupted']");
    let container = container.with_exposed_port(8080);
    // Long enough, on any machine, for the server to listen and for a probe that takes 3 s after it.
    let limit = Duration::from_secs(20);
    let service = container.as_service("web").with_readiness(readiness).with_timeout(limit);
    let failure = why(world.session.start(&[&service]).await);
    let text = failure.to_string();
    assert!(text.starts_with("web was not ready within 20 s: "), "{text}");
    assert!(text.contains(expected), "{text}");
    assert!(failure.tail.iter().any(|line| line.contains("listening on")), "{:?}", failure.tail);
    let log = std::fs::read_to_string(failure.log.expect("a log")).expect("it is there");
    assert!(log.contains("listening on"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_images_own_health_check_counts() {
    for (check, ready) in [("exit 0", true), ("echo unwell; exit 1", false)] {
        let world = World::open().await.closing();
        let image = world.image_with_healthcheck(check).await;
        let service = Container::from(image.as_str())
            .with_default_args(["sleep", "1000"])
            .as_service("well")
            .with_readiness(Readiness::healthcheck());
        let result = world.session.start(&[&service]).await;
        match ready {
            true => assert!(result.is_ok(), "{result:?}"),
            false => {
                let text = why(result).to_string();
                assert_eq!(text, "well is not well, says its image's health check: unwell");
            }
        }
        world.close().await;
        world.remove_image(&image).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_ends_or_cannot_start_is_told_at_once() {
    let cases: [(&[&str], &str); 3] = [
        (&["sh", "-c", "echo I give up; exit 7"], "web ended before it was ready, with exit code 7"),
        (
            &["no-such-program"],
            "web cannot be started: \"no-such-program\": executable file not found in $PATH",
        ),
        (&["sh", "-c", "exit 137"], "web ended before it was ready, killed from outside (exit code 137)"),
    ];
    for (args, expected) in cases {
        let world = World::open().await.closing();
        let service =
            world.image().with_default_args(args.iter().copied()).with_exposed_port(8080).as_service("web");
        let failure = why(world.session.start(&[&service]).await);
        assert_eq!(failure.to_string(), expected);
        if args.len() == 3 && args[2].contains("echo") {
            assert_eq!(failure.tail, ["I give up"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_for_memory_is_told_so() {
    let world = World::open().await.closing();
    let eats = "const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1))";
    let service = world
        .image()
        .with_default_args(["node", "-e", eats])
        .with_exposed_port(8080)
        .as_service("web")
        .with_memory_limit(64 << 20);
    let text = why(world.session.start(&[&service]).await).to_string();
    assert!(text.starts_with("web ended before it was ready, killed for want of memory"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_a_command_is_told() {
    let world = World::open().await.closing();
    let image = world.import_empty_image().await;
    let service = Container::from(image.as_str()).as_service("nothing");
    let error = world.session.start(&[&service]).await.expect_err("nothing to run").to_string();
    assert!(error.starts_with("nothing: its image names no command"), "{error}");
    world.close().await;
    world.remove_image(&image).await;
}
