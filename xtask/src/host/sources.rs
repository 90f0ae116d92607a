//! The machine's own package sources (`man 5 sources.list`), without what others have added: a
//! stand-in has only the distribution's own keys.

use std::path::Path;

use super::Os;
use super::os::Family;

/// One line of a `sources.list`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Source {
    types: Vec<String>,
    signed_by: Option<String>,
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    disabled: bool,
}

/// The distribution's sources of binary packages, as lines of a `sources.list`, in their order.
/// Empty if there are none.
pub(crate) fn own(os: &Os) -> Vec<String> {
    let directory = Path::new("/etc/apt");
    let mut files = vec![directory.join("sources.list")];
    let parts = std::fs::read_dir(directory.join("sources.list.d"));
    let mut parts: Vec<_> = parts.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    parts.sort();
    files.extend(parts);
    let mut lines = Vec::new();
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let sources = match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => text.lines().filter_map(one_line).collect(),
            Some("sources") => text.split("\n\n").flat_map(stanza).collect(),
            _ => vec![],
        };
        for line in sources.iter().flat_map(|source| of_distribution(source, os, first_mirror)) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

/// `deb [option=value …] uri suite component …`
fn one_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let (kind, rest) = line.split_once(char::is_whitespace)?;
    let (options, rest) = match rest.trim_start().strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    let signed_by = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
    Some(Source {
        types: vec![kind.to_owned()],
        signed_by: signed_by.map(str::to_owned),
        uris: vec![words.next()?],
        suites: vec![words.next()?],
        components: words.collect(),
        disabled: false,
    })
}

/// `Types: deb`, `URIs: …` and so on.
fn stanza(text: &str) -> Option<Source> {
    let mut source = Source::default();
    // A field goes on in lines that begin with a space; a comment may stand between them.
    for line in text.lines().filter(|line| !line.starts_with([' ', '\t', '#'])) {
        let Some((key, value)) = line.split_once(':') else { continue };
        let words = || value.split_whitespace().map(str::to_owned).collect();
        match key.to_lowercase().as_str() {
            "types" => source.types = words(),
            "uris" => source.uris = words(),
            "suites" => source.suites = words(),
            "components" => source.components = words(),
            // An empty value is a key within the file, which no distribution does.
            "signed-by" => source.signed_by = Some(value.trim().to_owned()),
            "enabled" => source.disabled = matches!(value.trim(), "no" | "false" | "0"),
            _ => {}
        }
    }
    (!source.uris.is_empty()).then_some(source)
}

/// What of `source` is the distribution's own.
fn of_distribution(source: &Source, os: &Os, mirror: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let (keyring, wanted): (_, &[&str]) = match os.family {
        Family::Debian => ("debian-archive-keyring", &["main"]),
        // pip and most of what steps install are not in Ubuntu's main.
        Family::Ubuntu => ("ubuntu-archive-keyring", &["main", "universe"]),
        Family::Other => return vec![],
    };
    let signed_by_it = source.signed_by.as_deref().is_none_or(|key| key.contains(keyring));
    if source.disabled
        || os.codename.is_empty()
        || !source.types.iter().any(|kind| kind == "deb")
        || !signed_by_it
    {
        return vec![];
    }
    let wanted: Vec<_> =
        wanted.iter().filter(|name| source.components.iter().any(|own| own == *name)).copied().collect();
    if wanted.is_empty() {
        return vec![];
    }
    let is_own = |suite: &&String| {
        let tail = suite.strip_prefix(os.codename.as_str());
        tail.is_some_and(|tail| matches!(tail, "" | "-updates" | "-security" | "/updates"))
    };
    let option = source.signed_by.as_deref().map(|key| format!("[signed-by={key}] ")).unwrap_or_default();
    let mut lines = Vec::new();
    for uri in source.uris.iter().filter_map(|uri| mirror(uri)) {
        for suite in source.suites.iter().filter(is_own) {
            lines.push(format!("deb {option}{uri} {suite} {}", wanted.join(" ")));
        }
    }
    lines
}

/// `uri`, or the first one of the list of mirrors that it names: in a container that file is not.
fn first_mirror(uri: &str) -> Option<String> {
    let Some(path) = uri.strip_prefix("mirror+file:") else { return Some(uri.to_owned()) };
    mirror_of(&std::fs::read_to_string(path).ok()?)
}

fn mirror_of(list: &str) -> Option<String> {
    let words = list.lines().filter(|line| !line.trim_start().starts_with('#'));
    words.filter_map(|line| line.split_whitespace().next()).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(family: Family, codename: &str) -> Os {
        Os { family, codename: codename.into(), name: String::new() }
    }

    fn taken(sources: impl IntoIterator<Item = Source>, os: &Os) -> String {
        let take = |source: Source| of_distribution(&source, os, |uri| Some(uri.to_owned()));
        sources.into_iter().flat_map(take).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn stanzas_of_debian() {
        let text = "\
Types: deb deb-src
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://mirror.example/old
Suites: bookworm
Components: main

Types: deb
URIs: https://vendor.example/deb
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/vendor.gpg
";
        let own = taken(text.split("\n\n").filter_map(stanza), &os(Family::Debian, "bookworm"));
        insta::assert_snapshot!(own, @r"
        deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian bookworm main
        deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian bookworm-updates main
        deb http://mirror.example/debian-security bookworm-security main
        ");
    }

    #[test]
    fn lines_of_ubuntu() {
        let text = "\
# deb http://mirror.example/commented jammy main
deb http://mirror.example/ubuntu jammy main restricted
deb http://mirror.example/ubuntu jammy-updates universe # more
deb-src http://mirror.example/ubuntu jammy main
deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.gpg] https://vendor.example/ubuntu jammy stable
deb [arch=amd64] https://vendor.example/apt cloud-jammy main
deb broken
deb [unclosed
";
        let own = taken(text.lines().filter_map(one_line), &os(Family::Ubuntu, "jammy"));
        insta::assert_snapshot!(own, @r"
        deb http://mirror.example/ubuntu jammy main
        deb http://mirror.example/ubuntu jammy-updates universe
        ");
    }

    #[test]
    fn the_first_of_a_list_of_mirrors() {
        assert_eq!(first_mirror("http://a/debian").as_deref(), Some("http://a/debian"));
        assert_eq!(
            mirror_of("# mirrors\nhttp://b/debian\tpriority:1\nhttp://c\n").as_deref(),
            Some("http://b/debian")
        );
        assert_eq!(first_mirror("mirror+file:/nonexistent"), None);
    }
}
