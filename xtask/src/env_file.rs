//! `.env` files of the user's, as they are on the disk; and how a file is replaced in one step.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use xtask_engine::Error;
use xtask_engine::source::reason;

/// The bytes of a file; none where there is none yet.
///
/// # Errors
/// If it cannot be read.
pub fn read(file: &Path) -> Result<Vec<u8>, Error> {
    match fs::read(file) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(cannot("read", file, &error)),
    }
}

/// Writes a file so that it is the old or the new one at any moment; it may hold secrets.
///
/// # Errors
/// If it cannot be written: then it is as it was.
pub fn write(file: &Path, text: &str) -> Result<(), Error> {
    replace(file, text.as_bytes()).map_err(|error| cannot("write", file, &error))
}

fn cannot(what: &str, file: &Path, error: &io::Error) -> Error {
    Error::Usage(format!("cannot {what} {}: {}; name another file", file.display(), reason(error)))
}

/// Replaces a file in one step: see [`write`].
///
/// # Errors
/// If it cannot be written: then it is as it was.
pub fn replace(file: &Path, contents: &[u8]) -> io::Result<()> {
    let target = file.canonicalize().unwrap_or_else(|_| file.to_path_buf()); // not the link to it
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let new = target.with_file_name(format!(".{name}.xtask-{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut out| {
        out.write_all(contents)?;
        if let Ok(old) = target.metadata() {
            out.set_permissions(old.permissions())?;
        }
        out.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&new, &target));
    if replaced.is_err() {
        let _ = fs::remove_file(&new);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_permissions_and_a_new_one_is_the_users() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let (new, old) = (dir.path().join("new"), dir.path().join("old"));
        replace(&new, b"A=1").unwrap();
        assert_eq!(mode(&new), 0o600);
        fs::write(&old, "").unwrap();
        fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&old, b"A=1").unwrap();
        assert_eq!((mode(&old), fs::read_to_string(&old).unwrap()), (0o640, "A=1".into()));
        assert!(replace(&dir.path().join("none/file"), b"").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
