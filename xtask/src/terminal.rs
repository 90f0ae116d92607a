//! This process's own standard streams, where they are passed through: bytes as they are, a terminal
//! in raw mode, its size.

use std::io::{self, IsTerminal, Write};

use anyhow::anyhow;

use crate::exit::{Exit, OUTPUT_CLOSED};

/// Whether somebody types and reads at a terminal.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Writes bytes to standard output as they are.
///
/// # Errors
/// [`Exit`] with the code for that if nobody reads them any more.
pub fn write_out(bytes: &[u8]) -> anyhow::Result<()> {
    written(xtask_engine::event::blocking(|| {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush())
    }))
}

/// The same to standard error.
///
/// # Errors
/// As [`write_out`].
pub fn write_err(bytes: &[u8]) -> anyhow::Result<()> {
    written(xtask_engine::event::blocking(|| io::stderr().lock().write_all(bytes)))
}

fn written(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Exit(OUTPUT_CLOSED).into()),
        Err(error) => Err(anyhow!("cannot write what it printed: {error}")),
    }
}

#[cfg(unix)]
mod unix {
    use std::io;

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// While it is there, each key goes through at once and as it is: Ctrl-C is one of them.
    pub struct Raw(Termios);

    impl Raw {
        /// Puts the terminal of standard input into raw mode.
        ///
        /// # Errors
        /// If standard input is none.
        pub fn enter() -> io::Result<Self> {
            let before = tcgetattr(io::stdin())?;
            let mut raw = before.clone();
            raw.make_raw();
            tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
            Ok(Self(before))
        }
    }

    impl Drop for Raw {
        fn drop(&mut self) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0); // it may be gone
        }
    }

    /// Rows and columns of the terminal.
    pub fn size() -> Option<(u16, u16)> {
        tcgetwinsize(io::stdout()).ok().map(|size| (size.ws_row, size.ws_col))
    }

    /// Changes of the terminal's size, from when it was made: none is lost between two waits.
    pub struct Resizes(Option<Signal>);

    impl Resizes {
        /// From now on.
        pub fn new() -> Self {
            Self(signal(SignalKind::window_change()).ok())
        }

        /// Waits for the next one; several since the last wait are one.
        pub async fn next(&mut self) {
            match &mut self.0 {
                Some(changes) => drop(changes.recv().await),
                None => std::future::pending().await,
            }
        }
    }
}

#[cfg(unix)]
pub use unix::{Raw, Resizes, size};

#[cfg(not(unix))]
mod other {
    use std::io;

    /// There is no raw mode here.
    pub struct Raw;

    impl Raw {
        /// Lines go through when they are complete.
        ///
        /// # Errors
        /// Never.
        pub fn enter() -> io::Result<Self> {
            Ok(Self)
        }
    }

    /// Not known here.
    pub fn size() -> Option<(u16, u16)> {
        None
    }

    /// Never told here.
    pub struct Resizes;

    impl Resizes {
        /// From now on.
        pub fn new() -> Self {
            Self
        }

        /// Waits without end.
        pub async fn next(&mut self) {
            std::future::pending().await
        }
    }
}

#[cfg(not(unix))]
pub use other::{Raw, Resizes, size};
