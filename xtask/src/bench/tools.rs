//! The other contestants' programs: used where the machine has them, else fetched into
//! `target/xtask/tools` and not into anybody's home.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::{Bench, measure};

/// Debian's package with the plugin. Its programs are static, so any Linux runs them.
const BUILDX_SUITE: &str = "trixie";
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
        bench.say(format!(
            "fetching Debian's package docker-buildx ({BUILDX_SUITE}) into {}",
            config.display()
        ));
        let root = bench.scratch.join("buildx");
        let mut fetch = Command::new("mmdebstrap");
        fetch.args(["--variant=extract", "--include=docker-buildx", BUILDX_SUITE]).arg(&root);
        measure::time(&mut fetch).context("docker-buildx cannot be fetched")?;
        place(&root.join("usr/libexec/docker/cli-plugins/docker-buildx"), &plugin)?;
        fs::remove_dir_all(&root)?;
    }
    Ok(Some(config))
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
