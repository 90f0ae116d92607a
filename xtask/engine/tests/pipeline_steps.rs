//! Steps of pipelines on the real engine: what a command finds around it.

mod pipeline_support;

use std::fs;

use pipeline_support::{World, read};
use xtask_engine::Error;
use xtask_engine::event::Outcome;
use xtask_engine::pipeline::{CacheVolume, Container, Directory, File, Network};

#[tokio::test]
async fn a_mounted_cache_keeps_what_steps_write_and_is_in_no_result() {
    let world = World::open().await;
    let volume = || CacheVolume::named(&world.token);
    let write = format!("echo from-a-step > /volume/file # {}", world.token);
    let writer = world.node().with_mounted_cache("/volume", volume()).with_exec(["sh", "-c", &write]);
    world.run(&writer).await;

    let again = world.again().await;
    let reader = again.node().with_mounted_cache("/elsewhere", volume()).with_exec([
        "sh",
        "-ec",
        "mkdir /out; cp /elsewhere/file /out/file",
    ]);
    assert_eq!(again.text(&reader, "/out/file").await, "from-a-step\n");
    let dir = again.export(&writer.directory("/volume")).await;
    assert_eq!(
        fs::read_dir(dir.path()).expect("a folder").count(),
        0,
        "the volume is not part of the result"
    );
    world.remove_volumes().await;
}

#[tokio::test]
async fn a_mounted_directory_is_read_only_and_may_be_a_part_of_another() {
    let world = World::open().await;
    let host = world.dir.path().join("host");
    fs::create_dir_all(host.join("sub/deeper")).expect("folders");
    fs::write(host.join("sub/deeper/file"), &world.token).expect("a file");
    fs::write(host.join("top"), "top").expect("a file");
    let directory = Directory::host(&host);
    let made = world.shell("mkdir part; echo made > part/file").directory("/out/part");
    let container = world
        .node()
        .with_mounted_directory("/all", directory.clone())
        .with_mounted_directory("/sub", directory.directory("sub/deeper"))
        .with_mounted_directory("/made", made)
        .with_workdir("/out")
        .with_exec([
            "sh",
            "-c",
            "for dir in /all /sub /made; do touch $dir/new 2>> refused && exit 1; done; \
             (cd /all; find . -type f | sort) > all; cat /sub/file > sub; cat /made/file > made",
        ]);
    let out = world.export(&container.directory("/out")).await;
    assert_eq!(read(out.path(), "all"), "./sub/deeper/file\n./top\n");
    assert_eq!(read(out.path(), "sub"), world.token);
    assert_eq!(read(out.path(), "made"), "made\n");
    assert_eq!(read(out.path(), "refused").matches("Read-only file system").count(), 3);
}

#[tokio::test]
async fn a_user_may_be_a_name_an_id_or_with_a_group() {
    let world = World::open().await;
    for (user, expected) in [("nobody", "65534 65534"), ("1234", "1234 0"), ("1234:4321", "1234 4321")] {
        let container = world.shell("chmod 777 /out").with_user(user).with_exec([
            "sh",
            "-c",
            "echo $(id -u) $(id -g) > who",
        ]);
        let who = world.text(&container, "/out/who").await;
        // A name brings its own group: 65534 on Debian and Alpine.
        assert_eq!(who.trim(), expected, "{user}");
    }
}

#[tokio::test]
async fn a_step_without_network_has_loopback_and_nothing_else() {
    let world = World::open().await;
    let script = "
        const fs = require('fs'), net = require('net'), os = require('os')
        const seen = Object.keys(os.networkInterfaces()).join(' ')
        const server = net.createServer(socket => socket.end('hello')).listen(0, '127.0.0.1', () =>
          net.connect(server.address().port, '127.0.0.1').on('data', data => {
            fs.writeFileSync('/out/seen', `${data} ${seen}`)
            server.close()
          }))";
    let container = world.node().with_workdir("/out");
    let none = container.with_network(Network::None).with_exec(["node", "-e", script]);
    assert_eq!(world.text(&none, "/out/seen").await, "hello lo");
    let default = container.with_network(Network::Default).with_exec(["node", "-e", script]);
    let seen = world.text(&default, "/out/seen").await;
    assert!(seen.starts_with("hello lo ") && seen.len() > "hello lo ".len(), "{seen}");
}

#[tokio::test]
async fn new_files_and_copied_files_are_where_and_as_they_should_be() {
    let world = World::open().await;
    let host = world.dir.path().join("a [host] file!.txt");
    fs::write(&host, "from the host").expect("a file");
    fs::write(world.dir.path().join("sibling"), "stays at home").expect("a file");
    let other = world.shell("echo from-a-container > file; mkdir dir; echo in-a-directory > dir/file");
    let container = world
        .node()
        .with_new_file("/out/deep/er/new", b"bytes \0 \xff\n")
        .with_new_program("/out/program", "#!/bin/sh\necho from-the-program\n")
        .with_file("/out/copied/host.txt", File::host(&host))
        .with_file("/out/copied/container.txt", other.file("/out/file"))
        .with_directory("/out/directory", other.directory("/out/dir"))
        .with_workdir("/out")
        .with_file("relative", other.directory("/out").file("dir/file"))
        .with_exec(["sh", "-ec", "./program > said; stat -c %a program deep/er/new > modes"]);
    let out = world.export(&container.directory("/out")).await;
    assert_eq!(fs::read(out.path().join("deep/er/new")).expect("a file"), b"bytes \0 \xff\n");
    let expected = [
        ("said", "from-the-program\n"),
        ("modes", "755\n644\n"),
        ("copied/host.txt", "from the host"),
        ("copied/container.txt", "from-a-container\n"),
        ("directory/file", "in-a-directory\n"),
        ("relative", "in-a-directory\n"),
    ];
    for (name, contents) in expected {
        assert_eq!(read(out.path(), name), contents, "{name}");
    }
    assert!(!out.path().join("copied/sibling").exists());
}

#[tokio::test]
async fn variables_and_the_working_directory_are_those_of_the_moment() {
    let world = World::open().await;
    let show = ["sh", "-c", "echo \"$(pwd) $A ${B-none}\" >> /log"];
    let container = world
        .node()
        .with_env_variable("A", "one")
        .with_workdir("/first")
        .with_exec(show)
        .with_env_variable("A", "two words")
        .with_env_variable("B", "$A 'q' \"q\"")
        .with_workdir("second")
        .with_exec(show);
    assert_eq!(
        world.text(&container, "/log").await,
        "/first one none\n/first/second two words $A 'q' \"q\"\n"
    );
}

#[tokio::test]
async fn a_value_used_twice_does_its_work_once() {
    let world = World::open().await;
    // Made by two calls: equal values are one value.
    let random = || world.shell("head -c 8 /dev/urandom | od -An -tx1 > random");
    let container = world
        .node()
        .with_directory("/out/a", random().directory("/out"))
        .with_directory("/out/b", random().directory("/out"))
        .with_mounted_directory("/mounted", random().directory("/out"))
        .with_exec(["cp", "/mounted/random", "/out/c"]);
    let out = world.export(&container.directory("/out")).await;
    let first = read(out.path(), "a/random");
    assert!(first.len() > 8, "{first}");
    assert_eq!(read(out.path(), "b/random"), first);
    assert_eq!(read(out.path(), "c"), first);
    assert_eq!(world.outcomes("urandom"), [Outcome::Ran]);
}

#[tokio::test]
async fn independent_branches_run_at_the_same_time() {
    // Each waits for the other; one after the other they would never end.
    let world = World::open().await;
    let meet = |mine: &str, other: &str| {
        let script = format!(
            "echo {} > /volume/{mine}; until [ -e /volume/{other} ]; do sleep 0.02; done; echo met > /out/{mine}",
            world.token
        );
        world
            .node()
            .with_workdir("/out")
            .with_mounted_cache("/volume", CacheVolume::named(&world.token))
            .with_exec(["timeout", "60", "sh", "-ec", &script])
            .directory("/out")
    };
    let both = Container::scratch()
        .with_directory("/", meet("one", "other"))
        .with_directory("/", meet("other", "one"));
    let out = world.export(&both.directory("/")).await;
    assert_eq!([read(out.path(), "one"), read(out.path(), "other")], ["met\n", "met\n"]);
    world.remove_volumes().await;
}

#[tokio::test]
async fn a_step_that_fails_tells_its_exit_code_and_last_lines() {
    let world = World::open().await;
    let container = world.shell("exec 1>&2; for i in 1 2 3; do echo line $i; done; echo last; exit 42");
    let error = world.session.run("failing", &container).await.expect_err("it fails");
    let Error::Step { pipeline, step, exit_code, tail } = &error else { panic!("{error:?}") };
    assert_eq!((&**pipeline, *exit_code), ("failing", Some(42)));
    assert!(step.starts_with("exec sh -ec"), "{step}");
    assert_eq!(tail.join("\n"), "line 1\nline 2\nline 3\nlast");
    assert_eq!(error.exit_code(), 1);
}
