//! Ctrl-C as a flag. Some work may be left at once and some must be let end, so it is asked for,
//! not acted on from outside.

use tokio::sync::watch;

/// Whether Ctrl-C was pressed since [`Interrupt::listen`]. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Interrupt {
    pressed: watch::Receiver<bool>,
}

impl Interrupt {
    /// Listens from now on. Must be called inside a tokio runtime.
    pub(crate) fn listen() -> Self {
        let (sender, pressed) = watch::channel(false);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                // Nobody listens any more: nothing to tell.
                let _ = sender.send(true);
            } else {
                // No signal can ever come; the flag stays down as long as anyone looks at it.
                sender.closed().await;
            }
        });
        Self { pressed }
    }

    /// One that is never pressed.
    #[cfg(test)]
    pub(crate) fn never() -> Self {
        Self { pressed: watch::channel(false).1 }
    }

    /// An error if it was pressed.
    pub(crate) fn check(&self) -> Result<(), super::Interrupted> {
        if *self.pressed.borrow() { Err(super::Interrupted) } else { Ok(()) }
    }

    /// Waits until it is pressed.
    pub(crate) async fn pressed(&self) {
        let mut pressed = self.pressed.clone();
        if pressed.wait_for(|pressed| *pressed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
