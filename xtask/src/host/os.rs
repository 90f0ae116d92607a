//! Which operating system this is, by `/etc/os-release` (`man 5 os-release`).

use std::fmt;

/// Whose packages the machine takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Debian.
    Debian,
    /// Ubuntu.
    Ubuntu,
    /// Anything else, also what descends from Debian: its suites are its own.
    Other,
}

/// This machine's operating system. `Display` gives the name by which people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Os {
    /// Whose packages it takes.
    pub family: Family,
    /// The suite of its packages, `bookworm`; empty where there is none.
    pub codename: String,
    /// Its name, `Debian GNU/Linux 12 (bookworm)`.
    pub name: String,
}

impl Os {
    /// Reads what this machine is. Never fails: what cannot be read is `Other`.
    pub(crate) fn read() -> Self {
        let text = ["/etc/os-release", "/usr/lib/os-release"]
            .iter()
            .find_map(|path| std::fs::read_to_string(path).ok());
        match text {
            Some(text) => Self::parse(&text),
            None => {
                Self { family: Family::Other, codename: String::new(), name: std::env::consts::OS.to_owned() }
            }
        }
    }

    fn parse(text: &str) -> Self {
        let value = |key: &str| {
            text.lines()
                .filter_map(|line| line.trim().split_once('='))
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value.trim_matches(['"', '\'']).to_owned())
                .filter(|value| !value.is_empty())
        };
        let id = value("ID").unwrap_or_default();
        let family = match id.as_str() {
            "debian" => Family::Debian,
            "ubuntu" => Family::Ubuntu,
            _ => Family::Other,
        };
        Self {
            family,
            codename: value("VERSION_CODENAME").unwrap_or_default(),
            name: value("PRETTY_NAME").or_else(|| value("NAME")).unwrap_or(id),
        }
    }

    /// Whether `cargo xtask setup` can install packages here.
    pub(crate) fn has_apt(&self) -> bool {
        self.family != Family::Other
    }
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.name.is_empty() { "an unknown system" } else { &self.name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian() {
        let os = Os::parse(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_CODENAME=bookworm\n",
        );
        assert_eq!(os.family, Family::Debian);
        assert_eq!(os.codename, "bookworm");
        assert_eq!(os.to_string(), "Debian GNU/Linux 12 (bookworm)");
    }

    #[test]
    fn ubuntu_in_single_quotes() {
        let os = Os::parse("NAME='Ubuntu'\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n");
        assert_eq!((os.family, os.codename.as_str()), (Family::Ubuntu, "noble"));
    }

    #[test]
    fn a_descendant_and_an_empty_file_are_others() {
        let mint = Os::parse("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_CODENAME=wilma\n");
        assert_eq!(mint.family, Family::Other);
        assert_eq!(Os::parse("").to_string(), "an unknown system");
    }
}
