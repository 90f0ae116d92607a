//! The proxy variables, for people's eyes: without passwords.

use url::Url;

/// The variables that programs look at, in either case.
pub(crate) const VARIABLES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"];

/// Those that are set, with credentials masked.
pub(crate) fn found() -> Vec<(String, String)> {
    let names = VARIABLES.iter().flat_map(|name| [(*name).to_owned(), name.to_lowercase()]);
    names
        .filter_map(|name| {
            let value = std::env::var(&name).ok().filter(|value| !value.is_empty())?;
            Some((name, masked(&value)))
        })
        .collect()
}

/// `value` with `***` in place of what stands before an `@`.
pub(crate) fn masked(value: &str) -> String {
    // Curl and others also take `user:password@host:port`, which is no URL.
    let Some((before, host)) = value.rsplit_once('@') else { return value.to_owned() };
    match Url::parse(value) {
        Ok(url) if url.has_host() => format!("{}://***@{host}", url.scheme()),
        _ => {
            let scheme =
                before.split_once("://").map(|(scheme, _)| format!("{scheme}://")).unwrap_or_default();
            format!("{scheme}***@{host}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_masked() {
        assert_eq!(masked("http://proxy.corp:3128"), "http://proxy.corp:3128");
        assert_eq!(masked("http://me:s3cret@proxy.corp:3128/"), "http://***@proxy.corp:3128/");
        assert_eq!(masked("http://me:p@ss@proxy.corp:3128"), "http://***@proxy.corp:3128");
        assert_eq!(masked("me:s3cret@proxy.corp:3128"), "***@proxy.corp:3128");
        assert_eq!(masked("localhost,127.0.0.1,.corp"), "localhost,127.0.0.1,.corp");
    }
}
