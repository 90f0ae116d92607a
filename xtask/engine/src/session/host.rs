//! What of this machine a session passes on: its id, its CA bundle, its proxies.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::pb;
use uuid::Uuid;

use crate::event::Events;

/// Where systems keep the certificates they trust, as one file: Debian, Fedora, SUSE, Alpine and
/// macOS. The list is Go's: crypto/x509/root_linux.go, root_bsd.go.
const CA_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// BuildKit takes no larger secret: session/secrets/secrets.go, 500 KiB.
const SECRET_LIMIT: u64 = 500 * 1024;

/// The host's CA bundle: the file that `SSL_CERT_FILE` names, else the system's. `None` where
/// there is none, or none that BuildKit would take.
pub fn ca_bundle() -> Option<PathBuf> {
    choose(candidates()).fits
}

/// The same, and a notice if a larger one would have been it.
pub(crate) fn ca_bundle_told(events: &Events) -> Option<PathBuf> {
    let Chosen { fits, too_large } = choose(candidates());
    if let Some((path, size)) = too_large {
        let instead = fits.as_ref().map_or_else(
            || "steps get none".to_owned(),
            |other| format!("steps get {} in its place", other.display()),
        );
        events.notice(format!(
            "the CA bundle {} has {size} bytes and BuildKit takes no secret over {SECRET_LIMIT}, so {instead}; \
             name a smaller one with SSL_CERT_FILE",
            path.display()
        ));
    }
    fits
}

fn candidates() -> impl Iterator<Item = PathBuf> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    named.into_iter().chain(CA_BUNDLES.iter().map(PathBuf::from))
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Chosen {
    /// The first that BuildKit takes.
    fits: Option<PathBuf>,
    /// The first before it that is too large, with its size.
    too_large: Option<(PathBuf, u64)>,
}

fn choose(candidates: impl Iterator<Item = PathBuf>) -> Chosen {
    let mut chosen = Chosen::default();
    for path in candidates {
        match fs::metadata(&path) {
            Ok(file) if file.is_file() && file.len() > SECRET_LIMIT => {
                chosen.too_large.get_or_insert((path, file.len()));
            }
            Ok(file) if file.is_file() && file.len() > 0 => {
                chosen.fits = Some(path);
                break;
            }
            _ => {}
        }
    }
    chosen
}

/// The proxy variables of xtask's own environment, in either case of letters. Passwords in them
/// are kept out of all output.
pub(crate) fn proxies(events: &Events) -> Option<pb::ProxyEnv> {
    let get = |name: &str| {
        let value = std::env::var(name).or_else(|_| std::env::var(name.to_uppercase())).unwrap_or_default();
        if let Some(password) = url::Url::parse(&value).ok().as_ref().and_then(url::Url::password) {
            events.redact(password);
        }
        value
    };
    let proxies = pb::ProxyEnv {
        http_proxy: get("http_proxy"),
        https_proxy: get("https_proxy"),
        ftp_proxy: get("ftp_proxy"),
        no_proxy: get("no_proxy"),
        all_proxy: get("all_proxy"),
    };
    (proxies != pb::ProxyEnv::default()).then_some(proxies)
}

/// An id of this machine and user, made once. Paths alone do not tell two machines apart that use
/// one engine. Kept in `$XDG_STATE_HOME/xtask`; where that cannot be written, one for this run.
pub(crate) fn id() -> String {
    let Some(path) = state_dir().map(|dir| dir.join("host")) else { return Uuid::new_v4().to_string() };
    read_id(&path).or_else(|| write_id(&path).ok()).unwrap_or_else(|| Uuid::new_v4().to_string())
}

/// Where xtask keeps what outlives a run and belongs to no repository.
pub fn state_dir() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let dir = named.or_else(|| std::env::home_dir().map(|home| home.join(".local/state")))?;
    Some(dir.join("xtask"))
}

fn read_id(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Uuid::parse_str(text.trim()).ok().map(|id| id.to_string())
}

/// Two first runs at once: the one that creates the file wins, the other reads it.
fn write_id(path: &Path) -> io::Result<String> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let id = Uuid::new_v4().to_string();
    let temporary = path.with_extension(&id);
    fs::File::create_new(&temporary)?.write_all(id.as_bytes())?;
    let linked = fs::hard_link(&temporary, path);
    let _ = fs::remove_file(&temporary);
    match linked {
        Ok(()) => Ok(id),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_id(path).ok_or(error),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_bundle_that_is_too_large_is_passed_over_and_known() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, size| {
            let path = dir.path().join(name);
            fs::File::create(&path).unwrap().set_len(size).unwrap();
            path
        };
        let (empty, fits) = (file("empty", 0), file("fits", SECRET_LIMIT));
        let (large, larger) = (file("large", SECRET_LIMIT + 1), file("larger", SECRET_LIMIT + 2));
        let none = dir.path().join("none");
        let found = choose([none, empty, large.clone(), larger, fits.clone()].into_iter());
        assert_eq!(
            found,
            Chosen { fits: Some(fits.clone()), too_large: Some((large.clone(), SECRET_LIMIT + 1)) }
        );
        assert_eq!(choose([fits.clone(), large].into_iter()), Chosen { fits: Some(fits), too_large: None });
    }
}
