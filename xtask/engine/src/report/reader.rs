//! Whoever reads what a reporter writes, until nobody does.

use std::io::Write;

/// Where text goes; when nobody reads it any more, that is told once.
pub(super) struct Reader<W> {
    out: W,
    on_closed: Option<Box<dyn FnOnce() + Send>>,
}

impl<W: Write> Reader<W> {
    pub(super) fn new(out: W, on_closed: impl FnOnce() + Send + 'static) -> Self {
        Self { out, on_closed: Some(Box::new(on_closed)) }
    }

    pub(super) fn write(&mut self, text: &[u8]) {
        if self.out.write_all(text).and_then(|()| self.out.flush()).is_err()
            && let Some(on_closed) = self.on_closed.take()
        {
            on_closed();
        }
    }
}
