//! Definitions of representative pipelines, as text.

use std::collections::{BTreeMap, HashMap};

use bollard_buildkit_proto::pb::{self, file_action::Action, op::Op};
use prost::Message;

use super::lower::Lowered;
use super::{Lowering, Needs, ResolvedDirectory, ResolvedImage, Surroundings, Target};
use crate::pipeline::{
    CacheVolume, Container, Directory, DirectorySource, File, ImageConfig, Network, Secret, Test,
};

fn surroundings(needs: &Needs) -> Surroundings {
    let resolved = |name: &String| {
        let config = ImageConfig { env: vec!["PATH=/bin".into()], ..ImageConfig::EMPTY };
        (name.clone(), ResolvedImage { reference: format!("docker.io/library/{name}"), config })
    };
    let directories = needs.directories.iter().map(|directory| {
        let key = format!("key-of-{}", directory.include.first().unwrap_or(&directory.label));
        let stamp = format!("stamp-of-{}", directory.label);
        (directory.clone(), ResolvedDirectory { key, stamp, label: directory.label.clone() })
    });
    Surroundings {
        platform: Some(pb::Platform {
            os: "linux".into(),
            architecture: "amd64".into(),
            ..Default::default()
        }),
        images: needs.images.keys().map(resolved).collect(),
        directories: directories.collect(),
        ..Default::default()
    }
}

fn lowered(container: &Container) -> String {
    let surroundings = surroundings(&Needs::of(&container.fs));
    text(&Lowering::lower(&surroundings, Target::Fs(&container.fs)).unwrap())
}

fn results(test: &Test, change: impl FnOnce(&mut Surroundings)) -> String {
    let mut surroundings = surroundings(&Needs::of(&test.fs));
    change(&mut surroundings);
    text(&Lowering::lower(&surroundings, Target::Results(&test.fs)).unwrap())
}

/// One operation a paragraph: its number, its name, what it does and to which outputs.
fn text(lowered: &Lowered) -> String {
    let definition = &lowered.definition;
    let names: BTreeMap<_, _> = lowered.steps.iter().map(|step| (&step.digest, step)).collect();
    let mut numbers = HashMap::new();
    let mut text = String::new();
    for (number, bytes) in definition.def.iter().enumerate() {
        let op = pb::Op::decode(&**bytes).unwrap();
        let digest = format!("sha256:{}", crate::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes)));
        let inputs: Vec<String> =
            op.inputs.iter().map(|input| format!("{}.{}", numbers[&input.digest], input.index)).collect();
        let inputs = if inputs.is_empty() { String::new() } else { format!(" <- {}", inputs.join(" ")) };
        match names.get(&digest) {
            Some(step) => {
                let hidden = if step.hidden { " (hidden)" } else { "" };
                let again = if definition.metadata[&digest].ignore_cache { " IGNORE CACHE" } else { "" };
                text += &format!("#{number} {:?} {:?}{hidden}{again}{inputs}\n", step.kind, step.name);
            }
            None => text += &format!("result{inputs}\n"),
        }
        text += &operation(op.op);
        numbers.insert(digest, number);
    }
    text
}

fn operation(op: Option<Op>) -> String {
    match op {
        Some(Op::Source(source)) => {
            let attributes: BTreeMap<_, _> = source.attrs.into_iter().collect();
            format!("    {} {attributes:?}\n", source.identifier)
        }
        Some(Op::Exec(exec)) => {
            let meta = exec.meta.unwrap();
            let network = exec.network;
            let mut text =
                format!("    {:?}\n    in {} as {:?}, network {network}\n", meta.args, meta.cwd, meta.user);
            text += &format!("    env {:?}\n", meta.env);
            if let Some(proxy) = meta.proxy_env {
                text += &format!("    http proxy {:?}\n", proxy.http_proxy);
            }
            text += &exec.mounts.iter().map(mount).collect::<String>();
            text
        }
        Some(Op::File(file)) => file.actions.iter().map(file_action).collect(),
        _ => String::new(),
    }
}

fn mount(mount: &pb::Mount) -> String {
    let mut text = format!("    mount {}: {} -> {}", mount.dest, mount.input, mount.output);
    if !mount.selector.is_empty() {
        text += &format!(", selector {}", mount.selector);
    }
    if mount.readonly {
        text += ", read-only";
    }
    if let Some(cache) = &mount.cache_opt {
        text += &format!(", cache {:?} sharing {}", cache.id, cache.sharing);
    }
    if let Some(secret) = &mount.secret_opt {
        text += &format!(", secret {:?} mode {:o} optional {}", secret.id, secret.mode, secret.optional);
    }
    text + "\n"
}

fn file_action(action: &pb::FileAction) -> String {
    let pb::FileAction { input, secondary_input, output, action } = action;
    let what = match action.as_ref().unwrap() {
        Action::Copy(copy) => {
            let contents = if copy.dir_copy_contents { " contents" } else { "" };
            format!("copy{contents} {} to {}", copy.src, copy.dest)
        }
        Action::Mkdir(made) => match &made.owner {
            Some(owner) => format!("mkdir {} {:o} owner {:?}", made.path, made.mode, owner.user),
            None => format!("mkdir {} {:o}", made.path, made.mode),
        },
        Action::Mkfile(made) => {
            format!("mkfile {} {:o} {:?}", made.path, made.mode, String::from_utf8_lossy(&made.data))
        }
        other => format!("{other:?}"),
    };
    format!("    {what}: {input}, {secondary_input} -> {output}\n")
}

fn host(path: &str) -> Directory {
    Directory::host(format!("/nowhere/{path}")).labelled(path)
}

fn unit_tests() -> Test {
    Container::from("node:20")
        .with_workdir("/src")
        .with_mounted_cache("/root/.npm", CacheVolume::named("npm"))
        .with_directory("/src", host("web").include(["/package.json", "/package-lock.json"]))
        .with_exec(["npm", "ci"])
        .with_directory("/src", host("web"))
        .with_network(Network::None)
        .with_test(["npm", "run", "test"])
}

#[test]
fn unit_tests_of_a_package() {
    insta::assert_snapshot!(results(&unit_tests(), |_| {}));
}

#[test]
fn tests_that_run_again_leave_what_is_before_them() {
    let again = |line: &&str| line.contains("IGNORE CACHE");
    let rerun = results(&unit_tests(), |surroundings| surroundings.rerun_tests = true);
    let lines: Vec<&str> = rerun.lines().filter(again).collect();
    assert_eq!(lines.len(), 1, "{rerun}");
    assert!(rerun.find("npm ci").unwrap() < rerun.find("IGNORE CACHE").unwrap(), "{rerun}");
    let anew = results(&unit_tests(), |surroundings| surroundings.no_cache = true);
    for line in anew.lines().filter(|line| line.starts_with('#')) {
        // Never a command itself: that would empty its cache volumes.
        assert_eq!(again(&line), line.contains(" File "), "{line}");
    }
}

#[test]
fn what_is_around_a_command() {
    let built = Container::from("node:20").with_exec(["build"]);
    let container = Container::from("node:20")
        .with_env_variable("PATH", "/own/bin")
        .with_env_variable("PLAIN", "value")
        .with_secret_variable("TOKEN", Secret::variable("TOKEN"))
        .with_mounted_secret("/run/secrets/key", Secret::file("/home/me/key"))
        .with_mounted_directory("/built", built.directory("/out"))
        .with_mounted_directory("/all", built.directory("/"))
        .with_mounted_directory("/host", host("assets").directory("images"))
        .with_user("node")
        .with_exec(["use", "them"]);
    insta::assert_snapshot!(lowered(&container));
}

#[test]
fn what_the_host_gives_to_every_step() {
    let test = Container::from("node:20").with_exec(["one"]).with_user("node").with_test(["two"]);
    let text = results(&test, |surroundings| {
        surroundings.ca = true;
        surroundings.proxy =
            Some(pb::ProxyEnv { http_proxy: "http://proxy:3128".into(), ..Default::default() });
    });
    insta::assert_snapshot!(text);
}

#[test]
fn files_made_and_copied() {
    let other =
        Container::scratch().with_new_file("/a/b/c", "contents").with_new_program("/run", "#!/bin/sh\n");
    let container = Container::scratch()
        .with_directory("/", other.directory("/a"))
        .with_file("/renamed", other.file("/run"))
        .with_file("/from-host", File::host("/nowhere/some file"))
        .with_directory("/empty", Directory::empty());
    insta::assert_snapshot!(lowered(&container));
}

#[test]
fn one_directory_alone() {
    let directory = Container::from("node:20").with_exec(["build"]).directory("/out");
    let DirectorySource::Fs(fs) = &directory.source else { panic!("out of a container") };
    let surroundings = surroundings(&Needs::of(fs));
    let target = Target::Directory(&directory.source, &directory.path);
    insta::assert_snapshot!(text(&Lowering::lower(&surroundings, target).unwrap()));
}

#[test]
fn equal_values_are_one_operation() {
    let built = || Container::from("node:20").with_exec(["build"]).directory("/out");
    let both = Container::scratch().with_directory("/a", built()).with_directory("/b", built());
    let text = lowered(&both);
    assert_eq!(text.matches("exec build").count(), 1, "{text}");
}

#[test]
fn nothing_has_no_definition() {
    let empty = Container::scratch();
    assert!(Lowering::lower(&Surroundings::default(), Target::Fs(&empty.fs)).is_none());
}
