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
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::auth::Auth;
use super::control::{CONNECTION_WINDOW, MESSAGE_LIMIT, STREAM_WINDOW};
use super::export::TarReceiver;
use super::file_sync::{FileSync, Transfers};
use super::io::Connection;
use super::secrets::{SecretService, SecretStore};
use crate::docker::{Engine, EngineError};
use crate::source::View;

/// How often the engine is asked whether it still lives: a step may say nothing for hours, and an
/// engine that hangs keeps its connections.
const PING: Duration = Duration::from_secs(10);
/// How long it may take to answer. Go's library answers from the thread that reads, at any load.
const PONG: Duration = Duration::from_secs(10);

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
    _close: DropGuard,
    closed: CancellationToken,
}

impl Attachment {
    /// Opens a session that offers `offer`.
    pub(crate) async fn open(engine: &Engine, offer: Offer) -> Result<Self, EngineError> {
        let id = Uuid::new_v4().simple().to_string();
        let transfers = Transfers::of_views(offer.views.iter().cloned());
        let export = offer.export.clone().map(TarReceiver::new);
        let (close, closed) = (CancellationToken::new(), CancellationToken::new());
        let server = Server { engine, offer: &offer, transfers: &transfers, close: &close };
        server.serve(&id, export.as_ref(), closed.clone()).await?;
        if waits_for_named_session(engine) {
            for view in &offer.views {
                // Another run of the same unchanged tree may have it open: then that one serves.
                let _ = server.serve(&view.stamp, None, CancellationToken::new()).await;
            }
        }
        Ok(Self { id, transfers, export, _close: close.drop_guard(), closed })
    }

    /// Its id, as `Solve` takes it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Cancelled when the engine closed the connection or did not answer on it any more.
    pub(crate) fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    /// What was sent.
    pub(crate) fn transfers(&self) -> &Transfers {
        &self.transfers
    }

    /// Waits until all that BuildKit sent is written.
    ///
    /// # Errors
    /// Why it could not be written.
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

/// Engines from BuildKit 0.9 on (Docker 23, API 1.42) wait 5 s for a session of the id in
/// `local.session` before they take the solve's; older ones take that at once.
fn waits_for_named_session(engine: &Engine) -> bool {
    engine.info().api_version >= (1, 42)
}

/// What all connections of a session have in common.
struct Server<'a> {
    engine: &'a Engine,
    offer: &'a Offer,
    transfers: &'a Transfers,
    close: &'a CancellationToken,
}

impl Server<'_> {
    /// Opens a connection as the session `id` and serves it until its end, which cancels `closed`.
    async fn serve(
        &self,
        id: &str,
        export: Option<&TarReceiver>,
        closed: CancellationToken,
    ) -> Result<(), EngineError> {
        const METHOD: &str = "X-Docker-Expose-Session-Grpc-Method";
        let mut headers = vec![
            ("X-Docker-Expose-Session-Uuid", id),
            ("X-Docker-Expose-Session-Name", "xtask"),
            ("X-Docker-Expose-Session-Sharedkey", self.offer.host.as_str()),
            (METHOD, "/grpc.health.v1.Health/Check"),
            (METHOD, "/moby.filesync.v1.FileSync/DiffCopy"),
            (METHOD, "/moby.filesync.v1.Auth/Credentials"),
            (METHOD, "/moby.buildkit.secrets.v1.Secrets/GetSecret"),
        ];
        if export.is_some() {
            headers.push((METHOD, "/moby.filesync.v1.FileSend/DiffCopy"));
        }
        let stream = self.engine.upgrade("/session", &headers).await?;
        let files = FileSync::new(self.transfers.clone());
        let router = tonic::transport::Server::builder()
            .initial_connection_window_size(CONNECTION_WINDOW)
            .initial_stream_window_size(STREAM_WINDOW)
            .http2_keepalive_interval(Some(PING))
            .http2_keepalive_timeout(Some(PONG))
            .add_service(health::health_server::HealthServer::new(Healthy))
            .add_service(FileSyncServer::new(files).max_decoding_message_size(MESSAGE_LIMIT))
            .add_service(SecretsServer::new(SecretService(self.offer.secrets.clone())))
            .add_service(AuthServer::new(Auth))
            .add_optional_service(
                export
                    .cloned()
                    .map(|export| FileSendServer::new(export).max_decoding_message_size(MESSAGE_LIMIT)),
            );
        let connection = Connection::new(stream, self.close.clone(), closed);
        let incoming = tokio_stream::once(Ok::<_, std::io::Error>(connection));
        tokio::spawn(router.serve_with_incoming(incoming));
        Ok(())
    }
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
