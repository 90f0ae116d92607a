//! What happens to the terminal while the live view is there: its window changes, somebody types.

use super::painter::{Moved, Size};

/// A terminal that is drawn on.
pub(super) trait Terminal {
    /// Its size.
    fn size(&mut self) -> Size;

    /// What moved all that it shows since that was last asked.
    fn moved(&mut self) -> Moved {
        Moved::Nowhere
    }
}

impl<S: FnMut() -> Size> Terminal for S {
    fn size(&mut self) -> Size {
        self()
    }
}

/// The terminal of this process.
///
/// It shows what is typed, and Enter moves its cursor to the next row, where it may scroll. Its modes
/// stay as they are, so that nothing has to be put right by whoever ends us; but lines that were
/// entered wait for whoever reads them, and how many bytes those are is known.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Bytes of lines that nobody has read.
    waiting: u64,
}

impl Own {
    pub(super) fn new() -> Self {
        Self { waiting: waiting() }
    }
}

impl Terminal for Own {
    /// That of the first terminals where it does not tell.
    fn size(&mut self) -> Size {
        match terminal_size::terminal_size() {
            Some((columns, rows)) if columns.0 > 0 && rows.0 > 0 => {
                Size { columns: columns.0.into(), rows: rows.0.into() }
            }
            _ => Size { columns: 80, rows: 24 },
        }
    }

    fn moved(&mut self) -> Moved {
        let waiting = waiting();
        match waiting.saturating_sub(std::mem::replace(&mut self.waiting, waiting)) {
            0 => Moved::Nowhere,
            _ if !shows_lines() => Moved::Nowhere,
            // One byte is an empty line. More may be one line or some.
            1 => Moved::OneRow,
            _ => Moved::Anywhere,
        }
    }
}

#[cfg(unix)]
fn waiting() -> u64 {
    use std::io::IsTerminal;
    let input = std::io::stdin();
    if !input.is_terminal() {
        return 0;
    }
    rustix::io::ioctl_fionread(input).unwrap_or_default() // it may be gone
}

/// Whether lines are read as a whole, and are shown while they are typed.
#[cfg(unix)]
fn shows_lines() -> bool {
    use rustix::termios::{LocalModes, tcgetattr};
    let modes = LocalModes::ICANON | LocalModes::ECHO;
    tcgetattr(std::io::stdin()).is_ok_and(|terminal| terminal.local_modes.contains(modes))
}

#[cfg(not(unix))]
fn waiting() -> u64 {
    0
}

#[cfg(not(unix))]
fn shows_lines() -> bool {
    false
}
