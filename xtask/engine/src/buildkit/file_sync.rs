//! Directories of the host, sent to BuildKit: it compares our list with the copy it keeps and asks
//! for what differs. The protocol is fsutil's: STATs, an empty one at the end; then REQ(id) from
//! them, DATA from us, an empty one at a file's end; FIN both ways.
//! <https://github.com/tonistiigi/fsutil/blob/master/types/wire.proto>

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use bollard_buildkit_proto::fsutil::types::{Packet, Stat, packet::PacketType};
use bollard_buildkit_proto::moby::filesync::v1::file_sync_server;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status, Streaming};

use crate::source::{Entry, Kind, View, unreadable};

/// Bytes of a file in one message, as fsutil sends them.
const CHUNK: usize = 32 * 1024;
/// Messages between the disk and the network.
const IN_FLIGHT: usize = 32;

/// What one view cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Transfer {
    /// Files sent.
    pub(crate) files: u64,
    /// Bytes sent.
    pub(crate) bytes: u64,
    /// All has been sent.
    pub(crate) done: bool,
    /// Why it could not be sent, if so.
    pub(crate) error: Option<String>,
}

/// What was sent in a session, by the key of the view. A view that is not in it was not even asked
/// for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transfers {
    by_key: Arc<Mutex<BTreeMap<String, Transfer>>>,
    /// A directory was not, after it was sent, what it was when it was listed: the engine may have
    /// any mixture of both.
    torn: CancellationToken,
    /// The threads that send and look.
    senders: TaskTracker,
    /// The views, by key.
    views: Arc<HashMap<String, Arc<View>>>,
}

impl Transfers {
    /// Of these views, none of which was asked for yet.
    pub(super) fn of_views(views: impl Iterator<Item = Arc<View>>) -> Self {
        let views = Arc::new(views.map(|view| (view.key.clone(), view)).collect());
        Self { views, ..Self::default() }
    }

    /// To be called when something uses a view that was not asked for: the engine has it under its
    /// stamp, but another run may have sent it while it moved.
    pub(crate) fn used_unsent(&self, key: &str) {
        let Some(view) = self.views.get(key).cloned() else { return };
        let torn = self.torn.clone();
        self.senders.spawn_blocking(move || {
            if !view.holds_still() {
                torn.cancel();
            }
        });
    }

    /// What the view of this key cost, if it was asked for.
    pub(crate) fn of(&self, key: &str) -> Option<Transfer> {
        self.lock().get(key).cloned()
    }

    /// The name of the view of this key and what was sent of it, if that is not all yet.
    pub(crate) fn on_its_way(&self, key: &str) -> Option<(String, Transfer)> {
        let transfer = self.of(key).filter(|transfer| !transfer.done && transfer.files > 0)?;
        Some((self.views.get(key)?.label.clone(), transfer))
    }

    /// Why something could not be sent, if so.
    pub(crate) fn error(&self) -> Option<String> {
        self.lock().values().find_map(|transfer| transfer.error.clone())
    }

    /// Cancelled as soon as a directory moved while it was sent.
    pub(crate) fn torn(&self) -> &CancellationToken {
        &self.torn
    }

    /// Waits until nothing is sent or looked at any more.
    pub(crate) async fn settled(&self) {
        self.senders.close();
        self.senders.wait().await;
    }

    fn update(&self, key: &str, change: impl FnOnce(&mut Transfer)) {
        change(self.lock().entry(key.to_owned()).or_default());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Transfer>> {
        self.by_key.lock().unwrap_or_else(|lock| lock.into_inner())
    }
}

pub(super) struct FileSync(Transfers);

impl FileSync {
    pub(super) fn new(transfers: Transfers) -> Self {
        Self(transfers)
    }
}

type Packets = mpsc::Sender<Result<Packet, Status>>;

#[tonic::async_trait]
impl file_sync_server::FileSync for FileSync {
    type DiffCopyStream = ReceiverStream<Result<Packet, Status>>;
    type TarStreamStream = tokio_stream::Empty<Result<Packet, Status>>;

    async fn diff_copy(
        &self,
        request: Request<Streaming<Packet>>,
    ) -> Result<Response<Self::DiffCopyStream>, Status> {
        let name = request.metadata().get("dir-name").and_then(|name| name.to_str().ok()).unwrap_or_default();
        let view = self
            .0
            .views
            .get(name)
            .cloned()
            .ok_or_else(|| Status::not_found(format!("no directory {name}")))?;
        let transfers = self.0.clone();
        let requests = request.into_inner();
        let (packets, response) = mpsc::channel(IN_FLIGHT);
        let runtime = Handle::current();
        // Reading files blocks; one thread a view does all of it, at the pace of the network.
        let senders = transfers.senders.clone();
        senders.spawn_blocking(move || {
            transfers.update(&view.key, |transfer| *transfer = Transfer::default());
            let sent = send(&view, requests, &packets, &runtime, &transfers);
            drop(packets);
            let error = match sent {
                Err(Problem::Moved(_)) => {
                    transfers.torn.cancel();
                    None
                }
                Err(Problem::Unreadable(text)) => Some(text),
                // Why the engine broke off, its solve says.
                Err(Problem::BrokenOff) | Ok(()) => None,
            };
            transfers.update(&view.key, |transfer| {
                transfer.done = true;
                transfer.error = error;
            });
            // What was read is what was listed only if nothing moved meanwhile.
            if !transfers.torn.is_cancelled() && !view.holds_still() {
                transfers.torn.cancel();
            }
        });
        Ok(Response::new(ReceiverStream::new(response)))
    }

    async fn tar_stream(
        &self,
        _: Request<Streaming<Packet>>,
    ) -> Result<Response<Self::TarStreamStream>, Status> {
        Err(Status::unimplemented("tar"))
    }
}

/// Serves one comparison from the list to the end.
fn send(
    view: &View,
    mut requests: Streaming<Packet>,
    packets: &Packets,
    runtime: &Handle,
    transfers: &Transfers,
) -> Result<(), Problem> {
    let put = |packet: Packet| packets.blocking_send(Ok(packet)).map_err(|_| Problem::BrokenOff);
    for entry in &view.entries {
        put(packet(PacketType::PacketStat, 0, Some(stat(entry)), Vec::new()))?;
    }
    put(packet(PacketType::PacketStat, 0, None, Vec::new()))?;
    let mut buffer = vec![0; CHUNK];
    loop {
        let Ok(Some(request)) = runtime.block_on(requests.message()) else {
            return Err(Problem::BrokenOff);
        };
        match request.r#type() {
            PacketType::PacketReq => {
                let Some(entry) = view.entries.get(request.id as usize) else {
                    let (id, count) = (request.id, view.entries.len());
                    let _ = packets.blocking_send(Err(Status::out_of_range(format!("file {id} of {count}"))));
                    return Err(Problem::BrokenOff);
                };
                match file(view, entry, request.id, &mut buffer, &put) {
                    Ok(bytes) => transfers.update(&view.key, |transfer| {
                        transfer.files += 1;
                        transfer.bytes += bytes;
                    }),
                    Err(problem) => {
                        let _ = packets.blocking_send(Err(Status::aborted(problem.to_string())));
                        return Err(problem);
                    }
                }
            }
            PacketType::PacketFin => return put(packet(PacketType::PacketFin, 0, None, Vec::new())),
            PacketType::PacketErr => return Err(Problem::BrokenOff),
            PacketType::PacketStat | PacketType::PacketData => {}
        }
    }
}

/// Why a view could not be sent.
#[derive(Debug, thiserror::Error)]
enum Problem {
    /// A file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// A file was gone: the list must be made anew.
    #[error("{0}")]
    Moved(String),
    /// The engine wants no more: it failed, or another directory did.
    #[error("the engine broke off")]
    BrokenOff,
}

/// Sends one file; returns its bytes.
fn file(
    view: &View,
    entry: &Entry,
    id: u32,
    buffer: &mut [u8],
    put: &impl Fn(Packet) -> Result<(), Problem>,
) -> Result<u64, Problem> {
    let path = view.root.join(&*entry.path);
    let failed = |error: io::Error| {
        let text = unreadable(&path, &error);
        if error.kind() == io::ErrorKind::NotFound { Problem::Moved(text) } else { Problem::Unreadable(text) }
    };
    let mut file = File::open(&path).map_err(failed)?;
    let mut sent = 0;
    loop {
        let read = file.read(buffer).map_err(failed)?;
        put(packet(PacketType::PacketData, id, None, buffer[..read].to_vec()))?;
        if read == 0 {
            return Ok(sent);
        }
        sent += read as u64;
    }
}

fn packet(r#type: PacketType, id: u32, stat: Option<Stat>, data: Vec<u8>) -> Packet {
    Packet { r#type: r#type.into(), stat, id, data }
}

/// Bits of Go's `os.FileMode`, in which BuildKit thinks: <https://pkg.go.dev/io/fs#FileMode>.
const MODE_DIR: u32 = 1 << 31;
const MODE_SYMLINK: u32 = 1 << 27;
const MODE_SETUID: u32 = 1 << 23;
const MODE_SETGID: u32 = 1 << 22;
const MODE_STICKY: u32 = 1 << 20;

/// Everything belongs to root: who owns a file here means nothing in a container.
fn stat(entry: &Entry) -> Stat {
    let mut mode = entry.mode & 0o777;
    for (unix, go) in [(0o4000, MODE_SETUID), (0o2000, MODE_SETGID), (0o1000, MODE_STICKY)] {
        if entry.mode & unix != 0 {
            mode |= go;
        }
    }
    let mut linkname = String::new();
    match &entry.kind {
        Kind::File => {}
        Kind::Directory => mode |= MODE_DIR,
        Kind::Symlink { target } => {
            mode |= MODE_SYMLINK;
            linkname = target.to_string();
        }
    }
    Stat {
        path: entry.path.to_string(),
        mode,
        size: i64::try_from(entry.size).unwrap_or(i64::MAX),
        // BuildKit asks again only for files whose size or time differs from its copy. The time of
        // the last change cannot be set back as the time of modification can (`cp -p`, an archive
        // unpacked over another), so an edit never goes unseen.
        mod_time: entry.changed(),
        linkname,
        ..Default::default()
    }
}
