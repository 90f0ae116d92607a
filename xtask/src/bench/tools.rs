//! The other contestants' programs: used where the machine has them, else fetched into
//! `target/xtask/tools` and not into anybody's home.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::{Bench, measure};

/// The Debian whose packages have the plugins. Buildx is static, so any Linux runs it; Compose needs
/// glibc 2.34, which Debian 12 and Ubuntu 22.04 have.
const SUITE: &str = "trixie";
/// npm's package with the native binary.
const TURBO: &str = "turbo@2";

/// Makes sure of `docker buildx`; returns the folder for `DOCKER_CONFIG` if it needs one.
///
/// # Errors
/// If there is none and none can be fetched.
pub fn buildx(bench: &Bench<'_>) -> anyhow::Result<Option<PathBuf>> {
    if works(Command::new("docker").args(["buildx", "version"])) {
        return Ok(None);
    }
    if !works(Command::new("docker").arg("--version")) {
        bail!("there is no `docker` command on this machine");
    }
    let config = tools().join("docker");
    let plugin = config.join("cli-plugins/docker-buildx");
    if !plugin.is_file() {
        fetch_plugin(bench, "docker-buildx", &plugin)?;
    }
    Ok(Some(config))
}

/// Docker Compose: the words that a command begins with. Where the machine has no plugin, it is the
/// plugin itself, which needs no `docker` around it.
///
/// # Errors
/// If there is none and none can be fetched.
pub fn compose(bench: &Bench<'_>) -> anyhow::Result<Vec<OsString>> {
    if works(Command::new("docker").args(["compose", "version"])) {
        return Ok(vec!["docker".into(), "compose".into()]);
    }
    let plugin = tools().join("docker-compose");
    if !plugin.is_file() {
        fetch_plugin(bench, "docker-compose", &plugin)?;
    }
    if !works(Command::new(&plugin).arg("version")) {
        bail!("{} does not run on this machine; install the plugin `docker compose`", plugin.display());
    }
    Ok(vec![plugin.into()])
}

/// Takes a plugin of docker's out of the Debian package of the same name.
fn fetch_plugin(bench: &Bench<'_>, package: &str, to: &Path) -> anyhow::Result<()> {
    bench.say(format!("fetching Debian's package {package} ({SUITE}) to {}", to.display()));
    let root = bench.scratch.join(package);
    let mut fetch = Command::new("mmdebstrap");
    fetch.args(["--variant=extract", &format!("--include={package}"), SUITE]).arg(&root);
    measure::time(&mut fetch).with_context(|| format!("{package} cannot be fetched"))?;
    place(&root.join("usr/libexec/docker/cli-plugins").join(package), to)?;
    Ok(fs::remove_dir_all(&root)?)
}

/// Turborepo's native binary.
///
/// # Errors
/// If there is none and npm cannot fetch it.
pub fn turbo(bench: &Bench<'_>) -> anyhow::Result<PathBuf> {
    let binary = tools().join("turbo/turbo").with_extension(std::env::consts::EXE_EXTENSION);
    if !binary.is_file() {
        bench.say(format!("fetching npm's package {TURBO} into {}", tools().join("turbo").display()));
        let prefix = bench.scratch.join("npm");
        let mut fetch = Command::new("npm");
        fetch
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", TURBO, "--prefix"])
            .arg(&prefix);
        measure::time(&mut fetch).context("turbo cannot be fetched")?;
        let packages = fs::read_dir(prefix.join("node_modules/@turbo"))?;
        let name = Path::new("bin/turbo").with_extension(std::env::consts::EXE_EXTENSION);
        let mut native = packages.filter_map(|package| Some(package.ok()?.path().join(&name)));
        let native = native.find(|path| path.is_file()).context("npm has no turbo for this machine")?;
        place(&native, &binary)?;
    }
    Ok(binary)
}

fn tools() -> PathBuf {
    crate::context::target_dir().join("xtask/tools")
}

fn works(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Copies a program; half a copy never has its name.
fn place(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to.parent().context("a folder for the program")?)?;
    let partial = to.with_extension("partial");
    fs::copy(from, &partial).with_context(|| format!("the package has no {}", from.display()))?;
    Ok(fs::rename(&partial, to)?)
}
