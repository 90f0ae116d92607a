//! What comes out of pipelines: directories, images, the results of tests.

mod pipeline_support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{LogsOptionsBuilder, RemoveContainerOptionsBuilder};
use futures_util::StreamExt;
use pipeline_support::{World, describe, read};
use xtask_engine::Error;
use xtask_engine::event::Outcome;
use xtask_engine::pipeline::{Container, Directory, Test};

#[tokio::test]
async fn a_directory_comes_out_as_it_is() {
    let world = World::open().await;
    let container = world.shell(
        "echo text > plain; chmod 640 plain; printf '#!/bin/sh\\n' > program; chmod 755 program
         mkdir -p empty deep/er; echo x > 'deep/er/a b'; echo y > \"$(printf 'line\\nend')\"; : > none
         ln -s plain link; ln -s /nowhere dangling; ln plain hard; mkdir readonly; echo z > readonly/in; chmod 555 readonly
         echo ü > größe; head -c 3000000 /dev/zero > large",
    );
    let out = world.export(&container.directory("/out")).await;
    let at = |name: &str| out.path().join(name);
    let mode = |name: &str| fs::metadata(at(name)).expect("it is there").permissions().mode() & 0o777;
    for (name, text) in [
        ("plain", "text\n"),
        ("deep/er/a b", "x\n"),
        ("line\nend", "y\n"),
        ("none", ""),
        ("hard", "text\n"),
        ("größe", "ü\n"),
        ("readonly/in", "z\n"),
    ] {
        assert_eq!(read(out.path(), name), text, "{name:?}");
    }
    assert_eq!((mode("plain"), mode("program"), mode("readonly")), (0o640, 0o755, 0o555));
    assert!(at("empty").is_dir() && fs::read_dir(at("empty")).expect("a folder").next().is_none());
    assert_eq!(fs::read_link(at("link")).expect("a link").to_str(), Some("plain"));
    assert_eq!(fs::read_link(at("dangling")).expect("a link").to_str(), Some("/nowhere"));
    assert_eq!(fs::metadata(at("large")).expect("it is there").len(), 3_000_000);
    assert_eq!(fs::read_dir(out.path()).expect("a folder").count(), 12);

    // A part of it, over what is there: what has another name stays.
    let dest = tempfile::tempdir().expect("a folder");
    fs::write(dest.path().join("mine"), "mine").expect("a file");
    fs::write(dest.path().join("a b"), "old and longer than the new").expect("a file");
    let part = container.directory("/out").directory("deep/er");
    world.session.export("part", &part, dest.path()).await.unwrap_or_else(|e| panic!("{}", describe(&e)));
    assert_eq!((read(dest.path(), "mine"), read(dest.path(), "a b")), ("mine".into(), "x\n".into()));
}

#[tokio::test]
async fn a_directory_of_the_host_makes_the_round_trip_unchanged() {
    let world = World::open().await;
    let host = world.dir.path().join("tree");
    fs::create_dir_all(host.join("empty")).expect("folders");
    for (name, mode) in [("a b", 0o644), ("line\nend", 0o600), ("program", 0o755), ("größe", 0o664)] {
        fs::write(host.join(name), format!("{name} {}", world.token)).expect("a file");
        fs::set_permissions(host.join(name), fs::Permissions::from_mode(mode)).expect("a mode");
    }
    std::os::unix::fs::symlink("a b", host.join("link")).expect("a link");
    std::os::unix::fs::symlink(".", host.join("loop")).expect("a link");
    fs::write(host.join("none"), "").expect("a file");
    let container = Container::scratch().with_directory("/x", Directory::host(&host));
    let out = world.export(&container.directory("/x")).await;
    let list = |dir: &std::path::Path| {
        let mut list: Vec<_> = fs::read_dir(dir)
            .expect("a folder")
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let data = fs::symlink_metadata(&path).expect("it is there");
                let text =
                    if data.is_file() { fs::read_to_string(&path).expect("text") } else { String::new() };
                let name = path.file_name().expect("a name").to_owned();
                (name, data.file_type(), data.permissions().mode(), text, fs::read_link(&path).ok())
            })
            .collect();
        list.sort_by(|one, other| one.0.cmp(&other.0));
        list
    };
    assert_eq!(list(out.path()), list(&host));
    assert_eq!(list(&host).len(), 8);
}

#[tokio::test]
async fn an_image_made_of_a_container_runs_in_the_engine() {
    let world = World::open().await;
    let container = world.shell("echo made by a step > file");
    let tag = format!("xtask-test/{}:latest", world.token);
    let id = world.export_image(&container, &tag).await;
    assert_eq!(world.export_image(&container, &tag).await, id, "the same container is the same image");

    let docker = world.session.engine().docker();
    let command = ["cat", "/out/file"].map(str::to_owned).to_vec();
    let body = ContainerCreateBody { image: Some(tag.clone()), cmd: Some(command), ..Default::default() };
    let name = docker.create_container(None, body).await.expect("a container").id;
    docker.start_container(&name, None).await.expect("it starts");
    let code = docker.wait_container(&name, None).next().await;
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
    let mut logs = docker.logs(&name, Some(options));
    let mut text = String::new();
    while let Some(Ok(part)) = logs.next().await {
        text += &part.to_string();
    }
    let force = RemoveContainerOptionsBuilder::default().force(true).build();
    docker.remove_container(&name, Some(force)).await.expect("it goes");
    world.session.engine().remove_image(&tag).await.expect("it goes");
    assert_eq!(
        (text.as_str(), code.expect("an end").expect("it ended").status_code),
        ("made by a step\n", 0)
    );
}

fn failing(world: &World, script: &str) -> Test {
    world.shell("echo prepared > before").with_test(["sh", "-c", script])
}

#[tokio::test]
async fn a_test_leaves_its_results_whatever_its_user() {
    let world = World::open().await;
    let script = "id -u; echo own > \"$XTASK_RESULTS/own\"; mkdir \"$XTASK_RESULTS/dir\"; exit 3";
    for (user, id) in [("1234", "1234"), ("nobody", "65534"), ("1234:4321", "1234"), ("root", "0")] {
        let test = world.shell("true").with_user(user).with_test(["sh", "-c", script]);
        let error = world.session.test("as-a-user", &test).await.expect_err("it fails");
        assert!(matches!(error, Error::Test { .. }), "{}", describe(&error));
        let files = world.dir.path().join("record/as-a-user");
        assert_eq!(read(&files, "output.log"), format!("{id}\n"), "{user}");
        assert_eq!(read(&files, "own"), "own\n");
        assert!(files.join("dir").is_dir());
        assert_eq!(fs::read_dir(&files).expect("a folder").count(), 3);

        // What passed is cached as any other.
        let passes = world.shell("true").with_user(user).with_test(["sh", "-c", "echo fine"]);
        for cached in [false, true] {
            let report = world.session.test("as-a-user", &passes).await;
            let report = report.unwrap_or_else(|error| panic!("{user}: {}", describe(&error)));
            assert_eq!((report.cached, &*read(&files, "output.log")), (cached, "fine\n"), "{user}");
        }
    }
}

#[tokio::test]
async fn what_a_failing_test_made_can_be_brought_out() {
    let world = World::open().await;
    let test = failing(&world, "cat before; echo made > $XTASK_RESULTS/after; exit 9");
    let error = world.session.test("failing", &test).await.expect_err("it fails");
    assert!(error.to_string().contains("exit code 9"), "{error}");
    let files = world.dir.path().join("record/failing");
    assert_eq!(read(&files, "after"), "made\n");
    assert_eq!(read(&files, "output.log"), "prepared\n");
}

#[tokio::test]
async fn running_tests_again_runs_nothing_else_even_on_the_same_base() {
    let world = World::open().await;
    let base = world.node().with_workdir("/out");
    // A command and a test on one base: what makes the test run again must not touch the command.
    let pipeline = || {
        let built = base.with_exec(["sh", "-c", "echo built > /out/built"]);
        base.with_mounted_directory("/built", built.directory("/out")).with_test(["cat", "/built/built"])
    };
    world.session.test("test", &pipeline()).await.unwrap_or_else(|e| panic!("{}", describe(&e)));
    let again = world.again_with(|options| options.rerun = true).await;
    again.session.test("test", &pipeline()).await.unwrap_or_else(|e| panic!("{}", describe(&e)));
    assert_eq!(again.outcomes("exec sh"), [Outcome::Cached]);
    assert_eq!(again.outcomes("test cat"), [Outcome::Ran]);
}
