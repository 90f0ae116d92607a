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

/// Takes a stack down when its test ends, however it does.
struct TakenDown(World, Prefix);

impl Drop for TakenDown {
    fn drop(&mut self) {
        let Self(world, prefix) = self;
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let down = world.session.take_down(prefix, true).await;
                assert!(down.is_ok() || std::thread::panicking(), "{down:?}");
            });
        });
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
    let _down = TakenDown(world.again().await, prefix.clone());
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

    // One that is given up while it stops what ran before waits for that, and lets it run again.
    let deaf = |world: &World, word: &str| {
        let script = format!("process.on('SIGTERM', () => {{}}); setInterval(() => '{word}', 1000)");
        world.image().with_default_args(["node", "-e", &script]).as_service("deaf")
    };
    let settles = staying(second.again().await, &prefix).await;
    settles.session.start(&[&right, &keeper, &deaf(&settles, "old")]).await.expect("it runs");
    settles.session.settle().await.expect("it settles");
    settles.session.close().await.expect("it closes");
    let running = ids(&settles).await;
    let given_up = staying(settles.again().await, &prefix).await;
    let new = deaf(&given_up, "new");
    let all = [&right, &keeper, &new];
    let starting = given_up.session.start(&all);
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), starting).await;
    given_up.session.close().await.expect("it closes");
    // It would be dead by the end of its time to end.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(ids(&given_up).await, running);

    // One that ends when it is ready already is told, and not settled.
    let dying = staying(given_up.again().await, &prefix).await;
    let script = "console.log('ready'); setTimeout(() => process.exit(9), 300)";
    let dies = dying.image().with_default_args(["node", "-e", script]).as_service("dies");
    let dies = dies.with_readiness(Readiness::log_line("ready"));
    // It may end before it is seen to be ready: that is another sentence, and the same end.
    let failure = match dying.session.start(&[&right, &keeper, &dies]).await {
        Ok(()) => {
            let all = async || dying.session.stack_containers(Some(&prefix)).await.expect("a list");
            while all().await.iter().any(|it| it.name.contains("-dies") && it.is_running()) {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await; // between two looks
            }
            dying.session.settle().await.map(drop)
        }
        failed => failed,
    };
    let failure = why(failure).to_string();
    assert!(failure.contains("dies") && failure.contains("exit code 9"), "{failure}");
    dying.session.close().await.expect("it closes");
    assert_eq!(ids(&dying).await, running);

    // The same again is the same.
    let third = staying(dying.again().await, &prefix).await;
    third.session.start(&[&right, &keeper]).await.expect("it runs");
    let settled = third.session.settle().await.expect("it settles");
    let (unchanged, gone) = (parts(&["keeper", "web"]), parts(&["deaf"]));
    assert_eq!(settled, Settled { unchanged, gone, ..Settled::default() });
    third.session.close().await.expect("it closes");
    assert_eq!(ids(&third).await.len(), 2);
    third.session.take_down(&prefix, false).await.expect("it goes");
    let removed = third.session.take_down(&prefix, true).await.expect("its data go");
    assert_eq!(removed, [format!("volume xtask-{prefix}-data")]);
}
