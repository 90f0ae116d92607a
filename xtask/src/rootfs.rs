//! A root file system of this machine's own distribution, made by `mmdebstrap` from the machine's
//! own package sources: what stand-ins are built on where no registry can be reached.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};
use xtask_engine::event::Events;

use crate::host::command::{self, Failure, Line};
use crate::host::os::Family;
use crate::host::{self, NotReady, Os, Privilege, sources};

/// Newer times of files become this one (2025-01-01), so that equal packages make an equal tar.
const TIME: &str = "1735689600";

/// What no step needs, also of the packages that steps install later (`man 1 dpkg`), and no
/// `fsync` for each of their files.
const DPKG: [&str; 6] = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "force-unsafe-io",
];

/// No translations of package descriptions, and patience.
const APT: [&str; 3] =
    ["APT::Install-Recommends \"false\"", "Acquire::Languages \"none\"", "Acquire::Retries \"3\""];

/// From now on no downloaded package is kept in a layer; mmdebstrap itself could not work so.
const KEEP_NOTHING: &str =
    r#"echo 'APT::Keep-Downloaded-Packages "false";' >"$1/etc/apt/apt.conf.d/99keep-nothing""#;

/// What mmdebstrap leaves of this machine or of its own work: its names, logs, backups. Not `/tmp`:
/// there it keeps the configuration without which it would go on to clean *this machine's* apt.
const TIDY: &str = r#"cd "$1" && rm -rf etc/hostname etc/resolv.conf var/cache/debconf/*-old var/cache/ldconfig/* \
var/lib/dpkg/*-old var/log/*.log var/log/apt/*"#;

/// A root file system as a tar archive.
#[derive(Debug)]
pub(crate) struct RootFs {
    /// The archive, at its beginning. It has no name and goes away with its last handle, whatever
    /// happens.
    pub file: File,
    /// Its size.
    pub bytes: u64,
}

/// Makes a minimal root file system with `ca-certificates` and the packages of `include`. Takes
/// 12 to 25 s; dropped half way, it stops and removes what it has made.
///
/// # Errors
/// `NotReady` without `mmdebstrap`, network, disk space, or on another system than Debian and
/// Ubuntu, with what to do.
pub(crate) async fn make(events: &Events, include: &[&str]) -> Result<RootFs> {
    let os = Os::read();
    let sources = sources::own(&os);
    ready(&os, host::program("mmdebstrap").as_deref(), &sources)?;
    let (written, mut read) = command::scratch_file().map_err(|error| {
        let place = std::env::temp_dir();
        NotReady(format!("cannot write to {}: {error}; make room there or set TMPDIR", place.display()))
    })?;
    let line = {
        let sh = Shell::new().context("cannot run commands here")?;
        let mode = match Privilege::find(&sh) {
            Privilege::Root => "root",
            Privilege::Sudo | Privilege::None => "unshare",
        };
        let proxy = apt_proxy(&sh);
        let args = arguments(&os, mode, include, &sources);
        let line = cmd!(sh, "mmdebstrap {args...}").env("SOURCE_DATE_EPOCH", TIME).envs(proxy);
        let short = format!("mmdebstrap --mode={mode} --variant=minbase … {} -", os.codename);
        Line::from(line).shown_as(&short).writing_to(written).ending_with_us()
    };
    command::run(events, line).await.map_err(not_ready)?;
    let bytes = read.seek(SeekFrom::End(0)).and_then(|bytes| read.rewind().map(|()| bytes));
    let bytes = bytes.context("cannot read the root file system that was made")?;
    events.detail(format!("a root file system of {os}: {}", xtask_engine::bytes(bytes)));
    Ok(RootFs { file: read, bytes })
}

/// [`make`] for the recipe of a stand-in, which runs on a thread that may block: writes the archive
/// to `path`.
///
/// # Errors
/// As one sentence.
pub fn write(path: &Path, include: &[&str]) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot run mmdebstrap: {error}"))?;
    // The session has said what is being made.
    let mut made =
        runtime.block_on(make(&Events::new(vec![]), include)).map_err(|error| format!("{error:#}"))?;
    let copied = File::create(path).and_then(|mut file| std::io::copy(&mut made.file, &mut file));
    match copied {
        Ok(bytes) if bytes == made.bytes => Ok(()),
        Ok(bytes) => Err(format!("only {bytes} of {} bytes went to {}", made.bytes, path.display())),
        Err(error) => Err(format!("cannot write {}: {error}; make room there", path.display())),
    }
}

/// Whether it can be made at all.
fn ready(os: &Os, mmdebstrap: Option<&Path>, sources: &[String]) -> Result<(), NotReady> {
    if os.family == Family::Other {
        let text = format!("a root file system can be made on Debian and Ubuntu only, not on {os}");
        return Err(NotReady(format!(
            "{text}; pull the image where there is a registry, and `docker load` it here"
        )));
    }
    if mmdebstrap.is_none() {
        let text = "mmdebstrap, which makes the root file system of a stand-in, is not installed";
        return Err(NotReady(format!("{text}: run `cargo xtask setup`")));
    }
    if sources.is_empty() {
        let text = format!("/etc/apt names no source of {os} for the suite `{}`", os.codename);
        return Err(NotReady(format!("{text}: add the distribution's own to /etc/apt/sources.list")));
    }
    Ok(())
}

fn arguments(os: &Os, mode: &str, include: &[&str], sources: &[String]) -> Vec<String> {
    let mut packages = vec!["ca-certificates"];
    let mut args: Vec<String> =
        vec![format!("--mode={mode}"), "--variant=minbase".into(), "--format=tar".into()];
    // Bookworm merges /usr by a package that needs 50 MB of Perl, unless it is merged already.
    let hook = Path::new("/usr/share/mmdebstrap/hooks/merged-usr");
    if os.codename == "bookworm" && hook.is_dir() {
        packages.push("usr-is-merged");
        args.push(format!("--hook-dir={}", hook.display()));
    }
    packages.extend(include);
    args.push(format!("--include={}", packages.join(",")));
    args.extend(DPKG.iter().map(|option| format!("--dpkgopt={option}")));
    args.extend(APT.iter().map(|option| format!("--aptopt={option}")));
    args.extend([KEEP_NOTHING, TIDY].map(|hook| format!("--customize-hook={hook}")));
    args.extend([os.codename.clone(), "-".into()]);
    args.extend_from_slice(sources);
    args
}

/// The proxy that is set in apt's own configuration, which mmdebstrap does not read. As variables:
/// as an option it would stay in the image.
fn apt_proxy(sh: &Shell) -> Vec<(&'static str, String)> {
    let keys = [("http_proxy", "Acquire::http::Proxy"), ("https_proxy", "Acquire::https::Proxy")];
    let asked = keys.into_iter().filter_map(|(name, key)| {
        let output = cmd!(sh, "apt-config dump --format %v%n {key}").quiet().ignore_stderr().read().ok()?;
        let value = output.lines().next()?.trim().to_owned();
        (value.contains("://")).then_some((name, value))
    });
    asked.collect()
}

fn not_ready(failure: Failure) -> anyhow::Error {
    let advice = if failure.says(&["No space left on device", "Disk quota exceeded"]) {
        "the disk is full: make room where temporary files are, or set TMPDIR to a bigger disk (1 GB)"
    } else if failure.says(&["newuidmap", "newgidmap", "/etc/subuid", "unshare", "Operation not permitted"]) {
        "as another user than root it needs the package uidmap and a range of ids in /etc/subuid and /etc/subgid \
         (`sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER`); or run this as root"
    } else if failure.says(&[
        "Temporary failure resolving",
        "Could not resolve",
        "Could not connect",
        "Unable to connect",
        "Connection failed",
        "Connection timed out",
        "Failed to fetch",
    ]) {
        "the package sources of this machine cannot be reached: check the network, and that `apt-get update` works"
    } else {
        "correct it, and run this again"
    };
    NotReady(format!("the root file system of a stand-in could not be made: {failure}\n{advice}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debian() -> Os {
        Os { family: Family::Debian, codename: "trixie".into(), name: "Debian GNU/Linux 13 (trixie)".into() }
    }

    #[test]
    fn the_command() {
        let sources = ["deb http://mirror.example/debian trixie main".to_owned()];
        insta::assert_snapshot!(arguments(&debian(), "root", &["busybox"], &sources).join("\n"));
    }

    #[test]
    fn what_is_needed() {
        let source = ["deb http://mirror.example/debian trixie main".to_owned()];
        let program = Some(Path::new("/usr/bin/mmdebstrap"));
        assert!(ready(&debian(), program, &source).is_ok());
        let mut fedora = debian();
        (fedora.family, fedora.name) = (Family::Other, "Fedora Linux 42".into());
        let errors = [
            ready(&debian(), None, &source),
            ready(&debian(), program, &[]),
            ready(&fedora, program, &source),
        ];
        let errors: Vec<_> = errors.into_iter().filter_map(Result::err).map(|error| error.0).collect();
        insta::assert_snapshot!(errors.join("\n"));
    }

    #[test]
    fn failures_come_with_advice() {
        let said = |line: &str| Failure {
            command: "mmdebstrap".into(),
            reason: "exit code 1".into(),
            output: vec![line.into()],
        };
        let lines = [
            "E: write: No space left on device",
            "E: Could not connect to mirror.example:80",
            "E: newuidmap failed",
            "E: something else",
        ];
        let texts: Vec<_> = lines.iter().map(|line| not_ready(said(line)).to_string()).collect();
        insta::assert_snapshot!(texts.join("\n\n"));
    }
}
