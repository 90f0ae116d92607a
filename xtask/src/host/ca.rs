//! The host's certificate authorities: one file of certificates, as OpenSSL reads it.

use std::path::{Path, PathBuf};

/// A file of certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bundle {
    /// Where it is.
    pub path: PathBuf,
    /// Certificates in it.
    pub certificates: usize,
}

/// The bundle that steps get.
pub(crate) fn bundle() -> Option<Bundle> {
    read(&xtask_engine::session::ca_bundle()?)
}

fn read(path: &Path) -> Option<Bundle> {
    let text = std::fs::read(path).ok()?;
    let mark = b"-----BEGIN CERTIFICATE-----";
    let certificates = text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(mark)).count();
    (certificates > 0).then(|| Bundle { path: path.to_owned(), certificates })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_certificates_and_passes_over_what_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.crt");
        std::fs::write(&path, "").unwrap();
        assert_eq!(read(&path), None);
        let one = "# a comment\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&path, one.repeat(2)).unwrap();
        assert_eq!(read(&path).map(|bundle| bundle.certificates), Some(2));
    }
}
