//! A result brought out: BuildKit's `tar` exporter sends an archive, which is unpacked as it comes.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bollard_buildkit_proto::moby::filesync::v1::{BytesMessage, file_send_server::FileSend};
use tokio::sync::{mpsc, watch};
use tonic::{Request, Response, Status, Streaming};

use crate::error::write_problem;

/// Chunks in flight between the network and the disk; BuildKit sends up to 3 MiB each.
const IN_FLIGHT: usize = 4;

/// Why an archive could not be unpacked.
#[derive(Debug, Clone)]
enum Problem {
    /// It cannot be written here, with the reason.
    Write(String),
    /// It did not come to its end.
    BrokenOff,
}

/// Unpacks one archive into a directory.
#[derive(Clone)]
pub(super) struct TarReceiver {
    dest: PathBuf,
    done: Arc<watch::Sender<Option<Result<(), Problem>>>>,
}

impl TarReceiver {
    pub(super) fn new(dest: PathBuf) -> Self {
        Self { dest, done: Arc::new(watch::Sender::new(None)) }
    }

    /// Waits until the archive is unpacked. To be called after the solve succeeded.
    pub(super) async fn finished(&self) -> Result<(), String> {
        let mut done = self.done.subscribe();
        match done.wait_for(Option::is_some).await {
            Ok(result) => match &*result {
                Some(Err(Problem::Write(why))) => Err(why.clone()),
                Some(Err(Problem::BrokenOff)) => Err("the container engine broke off".into()),
                _ => Ok(()),
            },
            Err(_) => Err("the export was broken off".into()),
        }
    }

    /// Why it could not be written here, if it is known by now.
    pub(super) fn problem(&self) -> Option<String> {
        match &*self.done.borrow() {
            Some(Err(Problem::Write(why))) => Some(why.clone()),
            _ => None,
        }
    }
}

#[tonic::async_trait]
impl FileSend for TarReceiver {
    type DiffCopyStream = tokio_stream::Empty<Result<BytesMessage, Status>>;

    async fn diff_copy(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::DiffCopyStream>, Status> {
        let mut chunks = request.into_inner();
        let (sender, receiver) = mpsc::channel::<Vec<u8>>(IN_FLIGHT);
        let dest = self.dest.clone();
        let broken = Arc::new(Mutex::new(false));
        let reader = ChannelReader { receiver, chunk: io::Cursor::default(), broken: broken.clone() };
        let unpacked = tokio::task::spawn_blocking(move || unpack(reader, &dest));
        loop {
            match chunks.message().await {
                Ok(Some(chunk)) => {
                    if sender.send(chunk.data).await.is_err() {
                        break; // unpacking failed and says why
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    *broken.lock().unwrap_or_else(|lock| lock.into_inner()) = true;
                    break;
                }
            }
        }
        drop(sender);
        let result = match unpacked.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) if *broken.lock().unwrap_or_else(|lock| lock.into_inner()) => Err(Problem::BrokenOff),
            Ok(Err(error)) => Err(Problem::Write(write_problem(&error))),
            Err(_) => Err(Problem::BrokenOff),
        };
        self.done.send_replace(Some(result.clone()));
        match result {
            Ok(()) => Ok(Response::new(tokio_stream::empty())),
            Err(Problem::Write(why)) => Err(Status::aborted(why)),
            Err(Problem::BrokenOff) => Err(Status::aborted("broken off")),
        }
    }
}

/// Chunks from the network as a blocking reader.
struct ChannelReader {
    receiver: mpsc::Receiver<Vec<u8>>,
    chunk: io::Cursor<Vec<u8>>,
    broken: Arc<Mutex<bool>>,
}

impl Read for ChannelReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(buf)?;
            if read > 0 || buf.is_empty() {
                return Ok(read);
            }
            match self.receiver.blocking_recv() {
                Some(chunk) => self.chunk = io::Cursor::new(chunk),
                None if *self.broken.lock().unwrap_or_else(|lock| lock.into_inner()) => {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the engine broke off"));
                }
                None => return Ok(0),
            }
        }
    }
}

fn unpack(reader: impl Read, dest: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dest)?;
    let mut archive = tar::Archive::new(reader);
    // What comes out belongs to who asked for it, whatever the user in the container was.
    archive.set_preserve_ownerships(false);
    archive.set_overwrite(true);
    archive.unpack(dest)
}
