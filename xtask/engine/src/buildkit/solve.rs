//! One solve: the definition goes in, the status is followed, the result comes out.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bollard_buildkit_proto::moby::buildkit::v1::{SolveRequest, StatusRequest};
use bollard_buildkit_proto::pb;
use tokio::sync::mpsc;
use tokio::time::{Instant as TokioInstant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Control, Progress, SolveError};

/// What becomes of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exporter {
    /// Nothing: it stays in the cache.
    None,
    /// An archive sent to the session.
    Tar,
    /// An image in the engine, under this name.
    Image(String),
    /// The same, in this repository and with the digest of the last operation as its tag.
    Digest(String),
}

/// Where BuildKit's own exporter of images says its name; Docker Engine's does not.
pub(crate) const IMAGE_NAME: &str = "image.name";

/// What is to be solved.
#[derive(Debug)]
pub(crate) struct Solve {
    pub(crate) definition: pb::Definition,
    pub(crate) session: String,
    pub(crate) exporter: Exporter,
}

/// What ends a solve early.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) cancel: CancellationToken,
    /// Cancelled when the result would be that of a tree that never was.
    pub(crate) torn: CancellationToken,
    /// Cancelled when the engine left the session.
    pub(crate) closed: CancellationToken,
    pub(crate) deadline: Option<Instant>,
}

/// How much longer than the deadline a running test may take: its wrapper stops it at the
/// deadline, and then its files are brought out.
const TEST_GRACE: Duration = Duration::from_secs(10);

/// Digits of a tag that is a digest.
const TAG_LENGTH: usize = 16;

/// How long the status of a solve that is over may still come: a stream that has nothing more to
/// tell may hang.
const DRAIN: Duration = Duration::from_millis(400);

/// How often it is told how far uploads are.
const LOOK: Duration = Duration::from_millis(250);

/// The end of a connection is mostly the end of a solve, which says more.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Solves, telling `progress` what happens. Dropped or ended early, the steps stop.
///
/// # Returns
/// What the exporter says of its result.
pub(crate) async fn solve(
    control: &Control,
    solve: Solve,
    limits: &Limits,
    progress: &mut Progress<'_>,
) -> Result<HashMap<String, String>, SolveError> {
    let reference = Uuid::new_v4().simple().to_string();
    let mut status = follow(control, &reference);
    let mut image_name = None;
    progress.tell_plan();
    // Docker Engine's own exporter: builder/builder-next/exporter.
    let mut image = |name: String| {
        image_name = Some(name.clone());
        ("moby".to_owned(), HashMap::from([("name".to_owned(), name)]))
    };
    let (exporter, attributes) = match solve.exporter {
        Exporter::None => (String::new(), HashMap::new()),
        Exporter::Tar => ("tar".to_owned(), HashMap::new()),
        Exporter::Image(name) => image(name),
        Exporter::Digest(repository) => image(format!("{repository}:{}", tag(&solve.definition))),
    };
    let request = SolveRequest {
        r#ref: reference,
        definition: Some(solve.definition),
        session: solve.session,
        exporter_deprecated: exporter,
        exporter_attrs_deprecated: attributes,
        ..Default::default()
    };
    let mut client = control.client.clone();
    let solving = client.solve(request);
    tokio::pin!(solving);

    let left = left(&limits.closed);
    tokio::pin!(left);
    let mut look = tokio::time::interval(LOOK);
    let mut deadline = limits.deadline.map(TokioInstant::from_std);
    let mut result = loop {
        tokio::select! {
            biased;
            () = limits.cancel.cancelled() => break Err(SolveError::Canceled),
            () = limits.torn.cancelled() => break Err(SolveError::Torn),
            () = &mut left => {
                break Err(SolveError::Lost { reason: "it does not answer any more".into() });
            }
            message = status.recv(), if !status.is_closed() || !status.is_empty() => {
                if let Some(message) = message {
                    progress.status(message);
                }
            }
            _ = look.tick() => progress.tell_uploads(),
            response = &mut solving => {
                break response.map(|response| response.into_inner().exporter_response).map_err(SolveError::from);
            }
            () = until(deadline) => {
                if !progress.test_is_running() || limits.deadline.is_some_and(|end| end.elapsed() >= TEST_GRACE) {
                    break Err(SolveError::TimedOut);
                }
                deadline = limits.deadline.map(|end| TokioInstant::from_std(end + TEST_GRACE));
            }
        }
    };
    if matches!(result, Ok(_) | Err(SolveError::Failed { .. })) {
        let drained = tokio::time::timeout(DRAIN, async {
            while let Some(message) = status.recv().await {
                progress.status(message);
            }
        });
        let _ = drained.await;
    }
    progress.finish(result.is_ok());
    if let (Ok(response), Some(name)) = (&mut result, image_name) {
        response.entry(IMAGE_NAME.to_owned()).or_insert(name);
    }
    result
}

/// A tag for what a definition makes: enough of the digest of its last operation, which is all of it
/// that is the same for the same result.
fn tag(definition: &pb::Definition) -> String {
    use sha2::{Digest, Sha256};
    let last = definition.def.last().map(Vec::as_slice).unwrap_or_default();
    crate::hex(&Sha256::digest(last))[..TAG_LENGTH].to_owned()
}

/// The status of a solve that is about to begin: opened together with it, since a late one
/// misses lines.
fn follow(
    control: &Control,
    reference: &str,
) -> mpsc::Receiver<bollard_buildkit_proto::moby::buildkit::v1::StatusResponse> {
    let (sender, receiver) = mpsc::channel(64);
    let mut client = control.client.clone();
    let request = StatusRequest { r#ref: reference.to_owned() };
    tokio::spawn(async move {
        let Ok(response) = client.status(request).await else { return };
        let mut stream = response.into_inner();
        loop {
            tokio::select! {
                message = stream.message() => {
                    let Ok(Some(message)) = message else { return };
                    if sender.send(message).await.is_err() {
                        return;
                    }
                }
                () = sender.closed() => return,
            }
        }
    });
    receiver
}

/// The engine left the session, and has had time to say why.
async fn left(closed: &CancellationToken) {
    closed.cancelled().await;
    tokio::time::sleep(LAST_WORDS).await;
}

async fn until(deadline: Option<TokioInstant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
