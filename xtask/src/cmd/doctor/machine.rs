//! What this machine has.

use std::path::Path;

use xshell::Shell;

use super::Finding;
use crate::host::{self, Os, ca, disk};

/// Below this a build may well fill the disk: a stand-in and two `node_modules` take 2 GB.
const TIGHT: u64 = 5_000_000_000;

pub(super) fn certificates(bundle: Option<ca::Bundle>) -> Finding {
    match bundle {
        Some(ca::Bundle { path, certificates }) => Finding::ok(
            "certificates",
            format!("{certificates} in {}; every step trusts them", path.display()),
        ),
        None => Finding::warn(
            "certificates",
            "no bundle of certificate authorities",
            "install the package ca-certificates; steps trust what their images do",
        ),
    }
}

pub(super) fn proxies(found: &[(String, String)]) -> Finding {
    if found.is_empty() {
        return Finding::ok("proxy", "none");
    }
    let lines: Vec<_> = found.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Finding::ok("proxy", lines.join("\n"))
}

pub(super) fn disk(sh: &Shell, what: &str, path: &Path) -> Finding {
    space(what, path, disk::free(sh, path))
}

fn space(what: &str, path: &Path, free: Option<u64>) -> Finding {
    let path = path.display();
    match free {
        Some(free) if free < TIGHT => Finding::warn(
            what,
            format!("{} free at {path}", xtask_engine::bytes(free)),
            "make room, for example with `cargo xtask cache prune`",
        ),
        Some(free) => Finding::ok(what, format!("{} free at {path}", xtask_engine::bytes(free))),
        None => Finding::warn(what, format!("`df` does not say how much is free at {path}"), ""),
    }
}

/// The tool that makes stand-ins; `needed` says whether one has to be made.
pub(super) fn mmdebstrap(os: &Os, needed: bool) -> Finding {
    tool(os, needed, host::program("mmdebstrap").as_deref())
}

fn tool(os: &Os, needed: bool, program: Option<&Path>) -> Finding {
    let what = "mmdebstrap";
    match program {
        Some(path) => Finding::ok(what, path.display().to_string()),
        None if !needed => Finding::ok(what, "not installed, and not needed: no stand-in has to be made"),
        None if os.has_apt() => {
            Finding::missing(what, "not installed; it makes stand-ins", "cargo xtask setup")
        }
        None => {
            Finding::missing(what, format!("not installed on this {os}"), "stand-ins need Debian or Ubuntu")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::doctor::table;
    use crate::host::os::Family;

    #[test]
    fn findings_of_a_machine() {
        let os =
            Os { family: Family::Debian, codename: "bookworm".into(), name: "Debian GNU/Linux 12".into() };
        let findings = [
            certificates(Some(ca::Bundle {
                path: "/etc/ssl/certs/ca-certificates.crt".into(),
                certificates: 144,
            })),
            certificates(None),
            proxies(&[]),
            proxies(&[
                ("HTTP_PROXY".into(), "http://***@proxy:3128".into()),
                ("NO_PROXY".into(), "localhost".into()),
            ]),
            space("disk of the repository", Path::new("/src"), Some(1_200_000_000)),
            space("disk of the engine", Path::new("/var/lib/docker"), Some(80_000_000_000)),
            space("disk of the engine", Path::new("/var/lib/docker"), None),
            tool(&os, true, None),
            tool(&os, false, None),
        ];
        insta::assert_snapshot!(table(&findings).join("\n"));
    }
}
