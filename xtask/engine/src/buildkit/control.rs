//! BuildKit's `Control` service: workers, solves, what the cache holds.
//! <https://github.com/moby/buildkit/blob/master/api/services/control/control.proto>

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::{
    DiskUsageRequest, ListWorkersRequest, PruneRequest, control_client::ControlClient,
};
use bollard_buildkit_proto::pb;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use super::io::Once;
use crate::docker::BoxStream;

/// The largest message taken: a status of a step that prints much.
pub(super) const MESSAGE_LIMIT: usize = 16 << 20;
/// HTTP/2 windows: the connection's is wide, because the crate `h2` takes many small unread
/// frames for an attack (100,000 files); each stream's is narrow, which bounds the memory.
pub(super) const CONNECTION_WINDOW: u32 = 1 << 30;
pub(super) const STREAM_WINDOW: u32 = 65_535;

/// A client of BuildKit. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    pub(super) client: ControlClient<Channel>,
}

/// One thing in BuildKit's cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheRecord {
    /// Its id, as `prune` takes it.
    pub id: String,
    /// What it is: `regular`, `source.local`, `exec.cachemount`, …
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// How often it was used.
    pub uses: u64,
    /// When it was made, by the engine's clock, if it says.
    pub created: Option<SystemTime>,
    /// When it was last used, by the engine's clock, if ever.
    pub last_used: Option<SystemTime>,
    /// A running step uses it.
    pub in_use: bool,
    /// The engine's images use it too.
    pub shared: bool,
    /// The first command that used it, in BuildKit's words.
    pub description: String,
}

/// What to take out of BuildKit's cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prune {
    /// Filters in containerd's syntax (`type==exec.cachemount`), of which one must match; none:
    /// everything.
    pub filters: Vec<String>,
    /// Also what is shared with the engine's images or is internal to BuildKit.
    pub all: bool,
    /// Keeps what was used within this time.
    pub keep_duration: Option<Duration>,
    /// Keeps this many bytes.
    pub keep_bytes: Option<u64>,
}

impl Control {
    /// A client on a stream that speaks HTTP/2 from its first byte.
    ///
    /// # Errors
    /// If the HTTP/2 handshake fails.
    pub(crate) async fn connect(stream: BoxStream) -> Result<Self, tonic::transport::Error> {
        // The address is never dialled: the stream is already there.
        let channel = Endpoint::from_static("http://buildkit")
            .initial_connection_window_size(CONNECTION_WINDOW)
            .initial_stream_window_size(1 << 20)
            .connect_with_connector(Once(Some(stream)))
            .await?;
        Ok(Self { client: ControlClient::new(channel).max_decoding_message_size(MESSAGE_LIMIT) })
    }

    /// The platforms whose programs it can run.
    pub(crate) async fn platforms(&self) -> Result<Vec<pb::Platform>, Status> {
        let response = self.client.clone().list_workers(ListWorkersRequest::default()).await?.into_inner();
        Ok(response.record.into_iter().flat_map(|worker| worker.platforms).collect())
    }

    /// All that the cache holds.
    pub(crate) async fn disk_usage(&self) -> Result<Vec<CacheRecord>, Status> {
        let response = self.client.clone().disk_usage(DiskUsageRequest::default()).await?.into_inner();
        Ok(response.record.into_iter().map(CacheRecord::from).collect())
    }

    /// Takes out what `prune` says and returns it.
    pub(crate) async fn prune(&self, prune: &Prune) -> Result<Vec<CacheRecord>, Status> {
        let request = PruneRequest {
            filter: prune.filters.clone(),
            all: prune.all,
            keep_duration: prune
                .keep_duration
                .map_or(0, |time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)),
            reserved_space: prune.keep_bytes.map_or(0, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            ..Default::default()
        };
        let mut stream = self.client.clone().prune(request).await?.into_inner();
        let mut pruned = Vec::new();
        while let Some(record) = stream.message().await? {
            pruned.push(CacheRecord::from(record));
        }
        Ok(pruned)
    }
}

impl From<bollard_buildkit_proto::moby::buildkit::v1::UsageRecord> for CacheRecord {
    fn from(record: bollard_buildkit_proto::moby::buildkit::v1::UsageRecord) -> Self {
        Self {
            id: record.id,
            kind: record.record_type,
            size: u64::try_from(record.size).unwrap_or(0),
            uses: u64::try_from(record.usage_count).unwrap_or(0),
            created: record.created_at.and_then(time),
            last_used: record.last_used_at.and_then(time),
            in_use: record.in_use,
            shared: record.shared,
            description: record.description,
        }
    }
}

/// `None` for a time before 1970, which no engine means.
fn time(stamp: Timestamp) -> Option<SystemTime> {
    let (seconds, nanos) = (u64::try_from(stamp.seconds).ok()?, u32::try_from(stamp.nanos).ok()?);
    UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}
