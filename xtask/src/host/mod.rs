//! This machine: what it is, what it has, and how it is changed. Only `setup`, `doctor` and the
//! stand-ins look at it; pipelines never do.

pub(crate) mod ca;
pub(crate) mod command;
pub(crate) mod disk;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod os;
pub(crate) mod packages;
pub(crate) mod port;
pub(crate) mod privilege;
pub(crate) mod proxy;
pub(crate) mod sources;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub(crate) use error::{Interrupted, NotReady, Usage};
pub(crate) use os::Os;
pub(crate) use privilege::Privilege;

/// The program `name`, looked for in `PATH` and then where administration's programs are: on
/// Debian a user's `PATH` does not name those.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_program(name, &path)
}

fn find_program(name: &str, path: &OsStr) -> Option<PathBuf> {
    let administration = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .chain(administration)
        .map(|dir| dir.join(name))
        .find(|file| is_executable(file))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_an_executable_file() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("xtask-no-such-program");
        std::fs::write(&file, "").unwrap();
        assert_eq!(find_program("xtask-no-such-program", dir.path().as_os_str()), None);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find_program("xtask-no-such-program", dir.path().as_os_str()), Some(file));
    }
}
