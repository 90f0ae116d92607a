//! Where a stack is, as `up` was told: its ports, address, network and environment. Kept for the next
//! `up` in a file per prefix, so that it is told once; what runs is told each time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xtask_engine::session::{Prefix, state_dir};
use xtask_engine::source::reason;

use crate::env_file;
use crate::host::Usage;
use crate::stack::doors::Moved;
use crate::stack::environment::Environment;

/// The folder of these files, and of the locks of stacks, below the folder for state.
const STACKS: &str = "stacks";

/// What is kept; what nobody told is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kept {
    /// Ports of the host, by the names of doors.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub port: BTreeMap<String, u16>,
    /// The address of the host at which they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expose: Option<IpAddr>,
    /// The host's name for browsers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// A network that somebody else made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Variables for the parts of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_file: Option<PathBuf>,
}

/// The file of a stack; none where this user has no place for state.
pub fn file(prefix: &Prefix) -> Option<PathBuf> {
    Some(state_dir()?.join(STACKS).join(format!("{prefix}.json")))
}

impl Kept {
    /// What is kept of a stack.
    ///
    /// # Errors
    /// As [`Kept::read`].
    pub fn of(prefix: &Prefix) -> Result<Self, Usage> {
        file(prefix).map_or_else(|| Ok(Self::default()), |file| Self::read(&file))
    }

    /// Reads what is kept in a file; nothing if there is none.
    ///
    /// # Errors
    /// [`Usage`] if it cannot be read or understood.
    pub fn read(file: &Path) -> Result<Self, Usage> {
        let cannot = |why: String| {
            Usage(format!(
                "cannot read the settings that are kept in {}: {why}; mend it, or remove it",
                file.display()
            ))
        };
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(cannot(reason(&error))),
        };
        let kept: Self = serde_json::from_str(&text).map_err(|error| cannot(error.to_string()))?;
        kept.moved().map_err(cannot)?;
        Ok(kept)
    }

    /// Keeps it in a file. One in which nothing would be is removed.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        if *self == Self::default() {
            return match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        env_file::replace(file, (text + "\n").as_bytes())
    }

    /// The variables for the parts of the application; none if no file of them is named.
    ///
    /// # Errors
    /// If the file is not there, or cannot be understood.
    pub fn environment(&self) -> Result<Environment, xtask_engine::Error> {
        self.env_file.as_deref().map_or_else(|| Ok(Environment::default()), Environment::of_file)
    }

    /// What was told now, and where nothing was, this.
    pub fn under(self, told: Self) -> Self {
        let mut port = self.port;
        port.extend(told.port);
        Self {
            port,
            expose: told.expose.or(self.expose),
            host: told.host.or(self.host),
            network: told.network.or(self.network),
            env_file: told.env_file.or(self.env_file),
        }
    }

    /// The ports that are moved.
    ///
    /// # Errors
    /// If one has no such name, as no command line can.
    pub fn moved(&self) -> Result<Vec<Moved>, String> {
        self.port.iter().map(|(name, port)| format!("{name}={port}").parse()).collect()
    }

    /// As options of a command line; empty if there is nothing.
    pub fn options(&self) -> String {
        let mut text = String::new();
        for (name, port) in &self.port {
            let _ = write!(text, " --port {name}={port}");
        }
        let one = |option: &str, value: Option<String>| {
            value.map(|value| format!(" --{option} {value}")).unwrap_or_default()
        };
        text += &one("expose", self.expose.map(|address| address.to_string()));
        text += &one("host", self.host.clone());
        text += &one("network", self.network.clone());
        text += &one("env-file", self.env_file.as_ref().map(|path| path.display().to_string()));
        text.trim_start().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(port: &[(&str, u16)]) -> Kept {
        Kept {
            port: port.iter().map(|(name, port)| ((*name).to_owned(), *port)).collect(),
            ..Kept::default()
        }
    }

    #[test]
    fn what_is_told_now_comes_before_what_is_kept() {
        let kept = Kept {
            expose: "192.0.2.1".parse().ok(),
            host: Some("a".into()),
            ..told(&[("crux", 1), ("mail", 2)])
        };
        let now = Kept { host: Some("b".into()), network: Some("n".into()), ..told(&[("crux", 3)]) };
        let both = kept.clone().under(now);
        assert_eq!(both.options(), "--port crux=3 --port mail=2 --expose 192.0.2.1 --host b --network n");
        assert_eq!(kept.clone().under(Kept::default()), kept);
        assert_eq!(Kept::default().options(), "");
    }

    #[test]
    fn what_is_kept_is_read_again_and_nothing_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("stacks/day.json");
        assert_eq!(Kept::read(&file).unwrap(), Kept::default());
        let kept = Kept { env_file: Some("/a/.env".into()), ..told(&[("crux", 1900)]) };
        kept.write(&file).unwrap();
        insta::assert_snapshot!(fs::read_to_string(&file).unwrap());
        assert_eq!(Kept::read(&file).unwrap(), kept);
        Kept::default().write(&file).unwrap();
        Kept::default().write(&file).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("stacks")).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_understood_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("day.json");
        let wrong =
            ["{", "{\"prot\": {}}", "{\"port\": {\"cruks\": 1}}", "{\"port\": {\"crux\": 0}}"].map(|text| {
                fs::write(&file, text).unwrap();
                Kept::read(&file).unwrap_err().to_string().replace(&dir.path().display().to_string(), "")
            });
        insta::assert_snapshot!(wrong.join("\n"));
    }
}
