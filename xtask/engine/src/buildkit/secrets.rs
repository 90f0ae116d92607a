//! Secrets, handed out when a step asks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use bollard_buildkit_proto::moby::buildkit::secrets::v1::{
    GetSecretRequest, GetSecretResponse, secrets_server,
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

use crate::llb::{APT_CONFIG, APT_SECRET, CA_SECRET, DEADLINE_SECRET};

/// What steps may ask for.
#[derive(Default)]
pub(crate) struct SecretStore {
    /// By id.
    pub(crate) values: BTreeMap<String, Vec<u8>>,
    /// The host's CA bundle.
    pub(crate) ca: Option<PathBuf>,
    /// When tests are to be stopped.
    pub(crate) deadline: Option<Instant>,
}

impl SecretStore {
    fn get(&self, id: &str) -> Result<Vec<u8>, Status> {
        match id {
            CA_SECRET => {
                let path = self.ca.as_ref().ok_or_else(|| Status::not_found("no CA bundle"))?;
                std::fs::read(path).map_err(|error| Status::not_found(format!("{}: {error}", path.display())))
            }
            APT_SECRET => Ok(APT_CONFIG.into()),
            // Asked for when the step starts, so this is the time that the step has.
            DEADLINE_SECRET => {
                let deadline = self.deadline.ok_or_else(|| Status::not_found("no time limit"))?;
                let left = deadline.saturating_duration_since(Instant::now()).as_secs_f64().max(0.01);
                Ok(format!("{left:.2}").into_bytes())
            }
            id => self.values.get(id).cloned().ok_or_else(|| Status::not_found(format!("no secret {id}"))),
        }
    }
}

pub(super) struct SecretService(pub(super) Arc<SecretStore>);

#[tonic::async_trait]
impl secrets_server::Secrets for SecretService {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let data = self.0.get(&request.into_inner().id)?;
        Ok(Response::new(GetSecretResponse { data }))
    }
}
