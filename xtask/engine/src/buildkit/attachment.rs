//! A session with BuildKit: a connection on which it calls us. Each solve has its own, so that
//! files, secrets and results of two solves can never be mistaken for each other.
//!
//! The methods offered are told in headers of the request that opens it:
//! <https://github.com/moby/buildkit/blob/master/session/manager.go>.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bollard_buildkit_proto::health;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::SecretsServer;
use bollard_buildkit_proto::moby::filesync::v1::{
    auth_server::AuthServer, file_send_server::FileSendServer, file_sync_server::FileSyncServer,
};
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::auth::Auth;
use super::control::{CONNECTION_WINDOW, MESSAGE_LIMIT, STREAM_WINDOW};
use super::export::TarReceiver;
use super::file_sync::{FileSync, Transfers};
use super::secrets::{SecretService, SecretStore};
use crate::docker::{Engine, EngineError};
use crate::source::View;

/// What BuildKit may ask for.
pub(crate) struct Offer {
    /// This machine's id: part of the key under which BuildKit keeps its copies, for two machines
    /// may use one engine.
    pub(crate) host: String,
    pub(crate) views: Vec<Arc<View>>,
    pub(crate) secrets: Arc<SecretStore>,
    /// Where the result goes, if it is to be brought out.
    pub(crate) export: Option<PathBuf>,
}

/// An open session. Closed when dropped.
pub(crate) struct Attachment {
    id: String,
    transfers: Transfers,
    export: Option<TarReceiver>,
    servers: Vec<JoinHandle<()>>,
}

impl Attachment {
    /// Opens a session that offers `offer`.
    pub(crate) async fn open(engine: &Engine, offer: Offer) -> Result<Self, EngineError> {
        let id = Uuid::new_v4().simple().to_string();
        let transfers = Transfers::default();
        let export = offer.export.clone().map(TarReceiver::new);
        let mut servers = vec![serve(engine, &id, &offer, &transfers, export.as_ref()).await?];
        if waits_for_named_session(engine) {
            for view in &offer.views {
                // Another run of the same unchanged tree may have it open: then that one serves.
                if let Ok(server) = serve(engine, &view.stamp, &offer, &transfers, None).await {
                    servers.push(server);
                }
            }
        }
        Ok(Self { id, transfers, export, servers })
    }

    /// Its id, as `Solve` takes it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What was sent.
    pub(crate) fn transfers(&self) -> &Transfers {
        &self.transfers
    }

    /// Waits until all that BuildKit sent is written.
    ///
    /// # Errors
    /// One sentence: what could not be written and why.
    pub(crate) async fn exported(&self) -> Result<(), String> {
        match &self.export {
            Some(export) => export.finished().await,
            None => Ok(()),
        }
    }

    /// Why the result could not be written, if that is known by now.
    pub(crate) fn export_problem(&self) -> Option<String> {
        self.export.as_ref()?.problem()
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

/// Engines from BuildKit 0.9 on (Docker 23, API 1.42) wait 5 s for a session of the id in
/// `local.session` before they take the solve's; older ones take that at once.
fn waits_for_named_session(engine: &Engine) -> bool {
    engine.info().api_version >= (1, 42)
}

async fn serve(
    engine: &Engine,
    id: &str,
    offer: &Offer,
    transfers: &Transfers,
    export: Option<&TarReceiver>,
) -> Result<JoinHandle<()>, EngineError> {
    const METHOD: &str = "X-Docker-Expose-Session-Grpc-Method";
    let mut headers = vec![
        ("X-Docker-Expose-Session-Uuid", id),
        ("X-Docker-Expose-Session-Name", "xtask"),
        ("X-Docker-Expose-Session-Sharedkey", offer.host.as_str()),
        (METHOD, "/grpc.health.v1.Health/Check"),
        (METHOD, "/moby.filesync.v1.FileSync/DiffCopy"),
        (METHOD, "/moby.filesync.v1.Auth/Credentials"),
        (METHOD, "/moby.buildkit.secrets.v1.Secrets/GetSecret"),
    ];
    if export.is_some() {
        headers.push((METHOD, "/moby.filesync.v1.FileSend/DiffCopy"));
    }
    let stream = engine.upgrade("/session", &headers).await?;
    let files = FileSync::new(offer.views.iter().cloned(), transfers.clone());
    let router = tonic::transport::Server::builder()
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .add_service(health::health_server::HealthServer::new(Healthy))
        .add_service(FileSyncServer::new(files).max_decoding_message_size(MESSAGE_LIMIT))
        .add_service(SecretsServer::new(SecretService(offer.secrets.clone())))
        .add_service(AuthServer::new(Auth))
        .add_optional_service(
            export
                .cloned()
                .map(|export| FileSendServer::new(export).max_decoding_message_size(MESSAGE_LIMIT)),
        );
    let incoming = tokio_stream::once(Ok::<_, std::io::Error>(stream));
    Ok(tokio::spawn(async move {
        // The end of the connection is the end of the solve, which says so itself.
        let _ = router.serve_with_incoming(incoming).await;
    }))
}

/// BuildKit asks now and then whether we are still there.
struct Healthy;

#[tonic::async_trait]
impl health::health_server::Health for Healthy {
    type WatchStream = tokio_stream::Empty<Result<health::HealthCheckResponse, Status>>;

    async fn check(
        &self,
        _: Request<health::HealthCheckRequest>,
    ) -> Result<Response<health::HealthCheckResponse>, Status> {
        let serving = health::health_check_response::ServingStatus::Serving.into();
        Ok(Response::new(health::HealthCheckResponse { status: serving }))
    }

    async fn list(
        &self,
        _: Request<health::HealthListRequest>,
    ) -> Result<Response<health::HealthListResponse>, Status> {
        Err(Status::unimplemented("list"))
    }

    async fn watch(
        &self,
        _: Request<health::HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("watch"))
    }
}
