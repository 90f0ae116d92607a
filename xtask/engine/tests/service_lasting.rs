//! Stacks that stay, against the real engine: what outlives a session, and what a failure takes back.

mod pipeline_support;
mod service_support;

use pipeline_support::World;
use service_support::{http_server, why};
use xtask_engine::pipeline::{Readiness, Service, Volume};
use xtask_engine::session::{Lasting, Prefix, Settled};

fn lasting(prefix: &Prefix) -> Lasting {
    let (network, router) = (None, None);
    Lasting {
        prefix: prefix.clone(),
        network,
        published: [].into(),
        on_host: [].into(),
        owner: String::new(),
        router,
    }
}

/// A session that is to bring this stack up.
async fn staying(world: World, prefix: &Prefix) -> World {
    let lock = world.session.lock_stack(prefix).await.expect("nobody else works on it");
    world.session.stay(lasting(prefix), lock);
    world
}

fn web(world: &World, word: &str) -> Service {
    let container = http_server(world, &format!("[200, '{word}']")).with_exposed_port(8080);
    container.as_service("web").with_readiness(Readiness::http_json(8080, "/", "status", "right"))
}

/// One with data to keep, which ends when it is asked to.
fn keeper(world: &World) -> Service {
    let script = "process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1000)";
    let keeper = world.image().with_default_args(["node", "-e", script]).as_service("keeper");
    keeper.with_volume("/data", Volume::kept("data", "a test"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_settled_outlives_its_session_and_only_that() {
    let world = World::open().await;
    let prefix: Prefix = format!("t-{}", &world.session.id()[..12]).parse().expect("a prefix");
    let ids = async |world: &World| -> Vec<String> {
        let containers = world.session.stack_containers(Some(&prefix)).await.expect("a list");
        containers.into_iter().filter(|it| it.is_running()).map(|it| it.id).collect()
    };
    let first = staying(world, &prefix).await;
    // Something of the session's own, as when a stand-in is made: a lease, and a watchdog.
    first.session.labels().await;
    let (right, keeper) = (web(&first, "right"), keeper(&first));
    first.session.start(&[&right, &keeper]).await.expect("it comes up");
    let parts = |parts: &[&str]| parts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let settled = first.session.settle().await.expect("it settles");
    assert_eq!(settled, Settled { new: parts(&["keeper", "web"]), ..Settled::default() });
    first.session.close().await.expect("it closes");
    let running = ids(&first).await;
    assert_eq!(running.len(), 2);

    // What is no longer settled when it closes is taken back, and what it replaced runs again.
    let second = staying(first.again().await, &prefix).await;
    second.session.labels().await;
    let mut wrong = web(&second, "wrong");
    wrong = wrong.with_timeout(std::time::Duration::from_secs(2));
    let failure = why(second.session.start(&[&keeper, &wrong]).await);
    assert!(failure.to_string().contains("its status is wrong"), "{failure}");
    assert_ne!(ids(&second).await, running);
    second.session.close().await.expect("it closes");
    assert_eq!(ids(&second).await, running);

    // The same again is the same.
    let third = staying(second.again().await, &prefix).await;
    third.session.start(&[&right, &keeper]).await.expect("it runs");
    let settled = third.session.settle().await.expect("it settles");
    assert_eq!(settled, Settled { unchanged: parts(&["keeper", "web"]), ..Settled::default() });
    third.session.close().await.expect("it closes");
    assert_eq!(ids(&third).await, running);
    third.session.take_down(&prefix, false).await.expect("it goes");
    let removed = third.session.take_down(&prefix, true).await.expect("its data go");
    assert_eq!(removed, [format!("volume xtask-{prefix}-data")]);
}
