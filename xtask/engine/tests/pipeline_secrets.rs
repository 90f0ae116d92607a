//! Secrets and what else of the host reaches a step: present while it runs, nowhere afterwards.

mod pipeline_support;

use std::fs;
use std::io::Read;

use futures_util::StreamExt;
use pipeline_support::{World, read};
use xtask_engine::event::{Event, Outcome};
use xtask_engine::pipeline::{CacheVolume, Secret};

/// Every file and directory name in the layers of an image, and every byte of it.
async fn saved(world: &World, tag: &str) -> (Vec<String>, Vec<u8>) {
    let mut stream = world.session.engine().docker().export_image(tag);
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.expect("docker save"));
    }
    let mut names = Vec::new();
    for entry in tar::Archive::new(&*bytes).entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        if entry.path().expect("a path").ends_with("layer.tar") {
            let mut layer = Vec::new();
            entry.read_to_end(&mut layer).expect("a layer");
            for file in tar::Archive::new(&*layer).entries().expect("a layer") {
                names.push(file.expect("a file").path().expect("a path").display().to_string());
            }
        }
    }
    (names, bytes)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Digests and lengths of what a step sees; the value itself goes to the log only.
const LOOK: &str = "
    const { createHash } = require('crypto'), fs = require('fs')
    const values = { variable: process.env.SECRET, file: fs.readFileSync('/run/secrets/file', 'utf8') }
    for (const [name, value] of Object.entries(values)) {
      fs.writeFileSync(`/out/${name}`, createHash('sha256').update(value).digest('hex') + ' ' + value.length)
      console.log(`the ${name} is ${value}`)
    }
    fs.writeFileSync('/out/others', [process.env.v, process.env.PLAIN].join(' '))";

#[tokio::test]
async fn a_secret_reaches_its_step_and_nothing_else() {
    let world = World::open().await;
    // Unlike anything else, in two lines with quotes, and an end of line at its end.
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let value = format!("s3cret-{unique} \"double\" 'single' $HOME `id` \\n\nsecond-{unique}\n\n");
    let path = world.dir.path().join("secret");
    fs::write(&path, &value).expect("a file");
    let container = world
        .node()
        .with_workdir("/out")
        .with_env_variable("PLAIN", "plain")
        .with_env_variable("v", "another variable")
        .with_secret_variable("SECRET", Secret::file(&path))
        .with_mounted_secret("/run/secrets/file", Secret::file(&path))
        .with_exec(["node", "-e", LOOK]);
    world.run(&container).await;

    let out = world.export(&container.directory("/out")).await;
    let hash = "const fs=require('fs');process.stdout.write(require('crypto').createHash('sha256').update(fs.readFileSync('/run/secrets/file')).digest('hex'))";
    let digest = world.node().with_mounted_secret("/run/secrets/file", Secret::file(&path)).with_exec([
        "sh",
        "-ec",
        &format!("mkdir /out; node -e \"{hash}\" > /out/digest"),
    ]);
    let expected = format!("{} {}", world.text(&digest, "/out/digest").await, value.len());
    assert_eq!(read(out.path(), "variable"), expected);
    assert_eq!(read(out.path(), "file"), expected);
    assert_eq!(read(out.path(), "others"), "another variable plain");

    // It was printed, and is masked in all that is told.
    let logs = world.logs();
    assert!(logs.contains("the variable is ***"), "{logs}");
    let events = serde_json::to_string(&world.events()).expect("JSON");
    assert!(!events.contains(&unique), "{events}");

    // It is in no layer, no history, no record of BuildKit.
    let tag = format!("xtask-test/{}:latest", world.token);
    world.export_image(&container, &tag).await;
    let (names, bytes) = saved(&world, &tag).await;
    let history = world.session.engine().docker().image_history(&tag).await.expect("its history");
    let records = world.session.cache_usage().await.expect("records");
    world.session.engine().remove_image(&tag).await.expect("it goes");
    assert!(holds(&bytes, &expected), "the search finds what is there");
    assert!(!holds(&bytes, &unique));
    assert!(!format!("{history:?}").contains(&unique), "{history:?}");
    let of_this: Vec<_> = records.iter().filter(|record| record.description.contains("createHash")).collect();
    assert!(!of_this.is_empty(), "{records:?}");
    assert!(!format!("{records:?}").contains(&unique));
    // Nor is a trace of where it was, except for the mount point that the pipeline itself names.
    let traces: Vec<_> = names
        .iter()
        .filter(|name| name.contains("xtask") || name.starts_with("dev/.") || name.ends_with("ca.pem"))
        .collect();
    assert!(traces.is_empty(), "{traces:?}");
}

#[tokio::test]
async fn neither_a_secrets_value_nor_its_place_is_part_of_the_key_but_its_use_is() {
    let world = World::open().await;
    let path = world.dir.path().join("secret");
    fs::write(&path, "first value").expect("a file");
    let container = |name: &str, secret| {
        world.node().with_secret_variable(name, secret).with_exec(["sh", "-c", "true # look"])
    };
    world.run(&container("SECRET", Secret::file(&path))).await;
    fs::write(&path, "second value").expect("a file");
    world.run(&container("SECRET", Secret::file(&path))).await;
    // As in another checkout.
    let elsewhere = world.dir.path().join("elsewhere");
    fs::write(&elsewhere, "second value").expect("a file");
    world.run(&container("SECRET", Secret::file(&elsewhere))).await;
    world.run(&container("OTHER", Secret::file(&elsewhere))).await;
    let outcomes = [Outcome::Ran, Outcome::Cached, Outcome::Cached, Outcome::Ran];
    assert_eq!(world.outcomes("# look"), outcomes);
}

#[tokio::test]
async fn secrets_that_look_alike_are_not_mistaken_for_each_other() {
    let world = World::open().await;
    let print = |value: &str| Secret::command(["printf", "%s", value]);
    // Two commands of one program; one variable with two values in two steps.
    let container = world
        .node()
        .with_secret_variable("A", print("value of a"))
        .with_secret_variable("B", print("value of b"))
        .with_exec(["sh", "-ec", "mkdir /out; echo \"$A, $B\" | tr a-z A-Z > /out/one"])
        .with_secret_variable("A", print("another value"))
        .with_exec(["sh", "-ec", "echo \"$A, $B\" | tr a-z A-Z > /out/two"]);
    let out = world.export(&container.directory("/out")).await;
    assert_eq!(read(out.path(), "one"), "VALUE OF A, VALUE OF B\n");
    assert_eq!(read(out.path(), "two"), "ANOTHER VALUE, VALUE OF B\n");
}

#[tokio::test]
async fn a_secret_may_be_a_variable_a_command_or_a_key_of_a_dotenv_file_under_any_name() {
    let world = World::open().await;
    let dotenv = world.dir.path().join(".env");
    fs::write(&dotenv, "OTHER=x\nKEY=\"from dotenv # and\\nmore\"\n").expect("a file");
    let script =
        "node -e 'for (const n of [`v`, `_`, `PATH_`]) console.log(process.env[n])' | tr a-z A-Z > /out";
    let container = world
        .node()
        .with_secret_variable("PATH_", Secret::variable("CARGO_MANIFEST_DIR"))
        // Any name that is one: also those that a wrapper may have used for itself.
        .with_secret_variable("v", Secret::command(["printf", "from a command\n\n"]))
        .with_secret_variable("x", Secret::dotenv(&dotenv, "KEY"))
        .with_exec([
            "sh",
            "-ec",
            &format!("mkdir /result; {}", script.replace("`_`", "`x`").replace("/out", "/result/out")),
        ]);
    let out = world.text(&container, "/result/out").await;
    let manifest = env!("CARGO_MANIFEST_DIR").to_uppercase();
    assert_eq!(out, format!("FROM A COMMAND\nFROM DOTENV # AND\nMORE\n{manifest}\n"));
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_an_error_before_anything_runs() {
    let world = World::open().await;
    let missing = world.dir.path().join("missing");
    let cases = [
        (Secret::file(&missing), "No such file"),
        (Secret::variable("XTASK_NO_SUCH_VARIABLE"), "variable XTASK_NO_SUCH_VARIABLE: it is not set"),
        (Secret::command(["false"]), "false ended with"),
    ];
    for (secret, expected) in cases {
        let container = world.node().with_secret_variable("SECRET", secret).with_exec(["true"]);
        let error = world.session.run("run", &container).await.expect_err("it is not there");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.exit_code(), 2);
    }
    assert!(!world.events().iter().any(|event| matches!(event, Event::StepStarted { .. })));
}

#[tokio::test]
async fn the_hosts_certificates_are_there_while_a_step_runs_and_leave_nothing() {
    let world = World::open().await;
    let bundle = xtask_engine::session::ca_bundle().expect("this machine has certificates");
    let container = world.node().with_mounted_cache("/volume", CacheVolume::named(&world.token)).with_exec([
        "sh",
        "-ec",
        "mkdir /out; wc -c < \"$SSL_CERT_FILE\" > /out/size; echo volume > /volume/x",
    ]);
    let size = world.text(&container, "/out/size").await;
    assert_eq!(size.trim(), fs::metadata(bundle).expect("it is there").len().to_string());

    // A step finds nothing of it in the file system that the step before left.
    let tag = format!("xtask-test/{}:latest", world.token);
    world.export_image(&container, &tag).await;
    let base = world.node().with_new_file("/only", "this");
    let base_tag = format!("xtask-test/{}:base", world.token);
    world.export_image(&base, &base_tag).await;
    let (names, _) = saved(&world, &tag).await;
    let (base_names, _) = saved(&world, &base_tag).await;
    for tag in [&tag, &base_tag] {
        world.session.engine().remove_image(tag).await.expect("it goes");
    }
    let mut new: Vec<&str> =
        names.iter().filter(|name| !base_names.contains(name)).map(String::as_str).collect();
    new.sort_unstable();
    assert_eq!(new, ["out/", "out/size", "volume/"], "what the step made, and nothing under /dev or /run");
    world.remove_volumes().await;
}

#[tokio::test]
async fn a_secret_is_masked_in_other_forms_and_in_pieces() {
    let world = World::open().await;
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let path = world.dir.path().join("secret");
    fs::write(&path, format!("p&ss wörd+{unique}")).expect("a file");
    // Written in two pieces, with time between them; and at the place where an endless line is cut.
    let script = "
        const secret = process.env.SECRET, half = secret.length >> 1
        const base64 = Buffer.from('user:' + secret).toString('base64')
        console.log('url ' + encodeURIComponent(secret))
        console.log('query ' + new URLSearchParams({ secret }))
        console.log('basic ' + base64)
        console.log('json ' + JSON.stringify({ secret }))
        console.log('x'.repeat(64 * 1024 - half) + secret)
        process.stdout.write('pieces ' + secret.slice(0, half))
        setTimeout(() => process.stdout.write(secret.slice(half)), 300)";
    let container =
        world.node().with_secret_variable("SECRET", Secret::file(&path)).with_exec(["node", "-e", script]);
    world.run(&container).await;
    let logs = world.logs();
    assert!(!logs.contains(&unique), "{logs}");
    for line in ["url ***", "query secret=***", r#"json {"secret":"***"}"#, "pieces ***"] {
        assert!(logs.lines().any(|told| told == line), "{line}: {}", logs.replace('x', ""));
    }
    let basic = logs.lines().find_map(|line| line.strip_prefix("basic ")).expect("it was told");
    assert!(basic.starts_with("dXNlcj") && basic.contains("***") && basic.len() < 20, "{basic}");
    assert!(logs.contains("xxx***"), "masked where the line is cut");
}
