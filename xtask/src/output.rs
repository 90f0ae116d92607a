//! Standard output on a thread of its own: whoever reads slowly, or not at all, slows the run but
//! never keeps it from being stopped.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Writes that may wait for the reader.
const WAITING: usize = 256;
/// How often a full queue is looked at again.
const LOOK: Duration = Duration::from_millis(2);
/// How long the last words of a run that was stopped wait for a reader.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The writing end. Once the run is stopped, what nobody reads is dropped.
pub struct Output {
    queue: SyncSender<Vec<u8>>,
    closed: Arc<AtomicBool>,
    stop: CancellationToken,
}

/// The other end of [`Output`] or [`Direct`], for waiting until all is written.
pub struct Drain {
    done: Receiver<()>,
    closed: Arc<AtomicBool>,
    stop: CancellationToken,
}

/// Standard output through a queue. `stop` tells that the run is stopped.
pub fn queued(stop: &CancellationToken) -> (Output, Drain) {
    let (queue, written) = mpsc::sync_channel::<Vec<u8>>(WAITING);
    let (tell_done, done) = mpsc::channel();
    let closed = Arc::new(AtomicBool::new(false));
    let is_closed = closed.clone();
    std::thread::spawn(move || {
        let mut out = anstream::stdout();
        while let Ok(text) = written.recv() {
            if out.write_all(&text).and_then(|()| out.flush()).is_err() {
                is_closed.store(true, Ordering::SeqCst);
                break;
            }
        }
        drop(tell_done);
    });
    let output = Output { queue, closed: closed.clone(), stop: stop.clone() };
    (output, Drain { done, closed, stop: stop.clone() })
}

impl Write for Output {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        let mut waiting = text.to_vec();
        loop {
            if self.closed.load(Ordering::SeqCst) {
                return Err(closed());
            }
            waiting = match self.queue.try_send(waiting) {
                Ok(()) => return Ok(text.len()),
                Err(TrySendError::Disconnected(_)) => return Err(closed()),
                Err(TrySendError::Full(_)) if self.stop.is_cancelled() => return Ok(text.len()),
                Err(TrySendError::Full(waiting)) => waiting,
            };
            xtask_engine::event::blocking(|| std::thread::sleep(LOOK));
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Standard output without a queue, for who draws on a terminal and has a thread of its own for it:
/// what is drawn late is not worth drawing.
pub struct Direct {
    out: Box<dyn Write + Send>,
    closed: Arc<AtomicBool>,
    /// Goes with this, and tells so.
    _done: mpsc::Sender<()>,
}

/// Standard output as it is. `stop` tells that the run is stopped.
pub fn direct(stop: &CancellationToken) -> (Direct, Drain) {
    let (tell_done, done) = mpsc::channel();
    let closed = Arc::new(AtomicBool::new(false));
    let output = Direct { out: unbuffered(), closed: closed.clone(), _done: tell_done };
    (output, Drain { done, closed, stop: stop.clone() })
}

/// The library's own standard output writes what comes after the last line's end on its own.
#[cfg(unix)]
fn unbuffered() -> Box<dyn Write + Send> {
    use std::os::fd::AsFd;
    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(file) => Box::new(std::fs::File::from(file)),
        Err(_) => Box::new(io::stdout()),
    }
}

#[cfg(not(unix))]
fn unbuffered() -> Box<dyn Write + Send> {
    Box::new(io::stdout())
}

impl Write for Direct {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.out.write(text).inspect_err(|_| self.closed.store(true, Ordering::SeqCst))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drain {
    /// Waits until all is written, once the other end is gone; not for ever where the run was
    /// stopped. Tells whether somebody read it to the end.
    pub fn finish(self) -> bool {
        if self.stop.is_cancelled() {
            let _ = self.done.recv_timeout(LAST_WORDS);
        } else {
            let _ = self.done.recv();
        }
        !self.closed.load(Ordering::SeqCst)
    }
}
