//! How this user gets root's rights.

use std::io::IsTerminal;

use anyhow::Result;
use xshell::{Cmd, Shell, cmd};

use super::NotReady;

/// How this user gets root's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privilege {
    /// They are root.
    Root,
    /// Through `sudo`.
    Sudo,
    /// Not at all.
    None,
}

impl Privilege {
    /// Finds out. Asks nobody and runs no more than `id`.
    pub(crate) fn find(sh: &Shell) -> Self {
        let id = cmd!(sh, "id -u").quiet().ignore_stderr().read();
        match id.as_deref() {
            Ok("0") => Self::Root,
            _ if super::program("sudo").is_some() => Self::Sudo,
            _ => Self::None,
        }
    }

    /// What a command line that needs root begins with, as a person types it.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Sudo => "sudo ",
            Self::Root | Self::None => "",
        }
    }

    /// Makes sure that [`Privilege::command`] will work: lets `sudo` ask for the password, if it
    /// wants one and there is a terminal. `what` is what is to be done, as "to …".
    ///
    /// # Errors
    /// `NotReady` if root's rights cannot be had.
    pub(crate) fn acquire(self, sh: &Shell, what: &str) -> Result<()> {
        let granted = match self {
            Self::Root => return Ok(()),
            Self::None => {
                let text =
                    format!("{what} needs root, and there is no sudo here: run `cargo xtask setup` as root");
                return Err(NotReady(text).into());
            }
            Self::Sudo if std::io::stdin().is_terminal() => cmd!(sh, "sudo -v").quiet().run(),
            Self::Sudo => cmd!(sh, "sudo -n true").quiet().ignore_stderr().run(),
        };
        granted.map_err(|_| {
            let text = format!(
                "{what} needs root, and sudo refused: run `cargo xtask setup` as root, or `sudo -v` first"
            );
            NotReady(text).into()
        })
    }

    /// `program` with root's rights; never asks.
    pub(crate) fn command<'a>(self, sh: &'a Shell, program: &str) -> Cmd<'a> {
        match self {
            Self::Sudo => cmd!(sh, "sudo -n {program}"),
            Self::Root | Self::None => cmd!(sh, "{program}"),
        }
    }
}
