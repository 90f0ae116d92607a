//! The base images, by name; each with its recipe for machines without a registry.

use std::sync::Arc;

use xtask_engine::pipeline::{Container, Image, ImageConfig, Recipe, StandIn};

use crate::rootfs;

/// What the newest `node:20-alpine` holds.
const NODE: &str = "20.20.2";
const YARN: &str = "1.22.22";
/// The newest Node 20 that PyPI has, whose npm is that of `NODE`.
const WHEEL: &str = "20.18.0";
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// All of them: what `setup` prepares and `doctor` looks for.
pub fn all() -> Vec<Image> {
    vec![node()]
}

/// Node.js, as the application uses it.
pub fn node() -> Image {
    Image::named("node:20-alpine").with_stand_in(StandIn {
        tag: "xtask-stand-in/node:20-alpine".into(),
        version: 1,
        differs: format!(
            "Node {NODE} on this machine's Debian or Ubuntu: glibc, dash and apt, not musl, busybox and apk"
        ),
        config: ImageConfig {
            env: vec![PATH.into(), format!("NODE_VERSION={NODE}"), format!("YARN_VERSION={YARN}")],
            ..ImageConfig::default()
        },
        recipe: Recipe::Pipeline(node_recipe()),
    })
}

/// The base of the stand-ins.
fn base() -> Image {
    Image::made(StandIn {
        tag: "xtask-stand-in/base:host".into(),
        version: 1,
        differs: "a minimal root file system of this machine's own distribution".into(),
        config: ImageConfig { env: vec![PATH.into()], ..ImageConfig::default() },
        recipe: Recipe::RootFs(Arc::new(|path| rootfs::write(path, &["busybox"]))),
    })
}

/// Node's binary and headers from npm, npm and corepack from a wheel of PyPI: the way to a newer
/// Node without any download but from package registries.
fn node_recipe() -> Container {
    let fetched = Container::from(base())
        .with_env_variable("DEBIAN_FRONTEND", "noninteractive")
        .with_exec([
            "sh",
            "-ec",
            "apt-get update -q; apt-get install -yq --no-install-recommends python3-pip",
        ])
        .with_new_program("/fetch-node", include_str!("images/fetch-node.sh"))
        .with_exec(["/fetch-node", WHEEL, NODE, YARN]);
    Container::from(base())
        .with_new_program("/tmp/like-alpine", include_str!("images/like-alpine.sh"))
        .with_exec(["/tmp/like-alpine"])
        .with_directory("/usr/local", fetched.directory("/node"))
}
