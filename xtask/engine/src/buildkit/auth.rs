//! Registry credentials for BuildKit's own pulls, as Docker keeps them.

use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse, GetTokenAuthorityRequest,
    GetTokenAuthorityResponse, VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse, auth_server,
};
use tonic::{Request, Response, Status};

use crate::docker::{Credentials, Environment};

/// Answers with the credentials of `config.json` and the credential helpers.
pub(super) struct Auth;

#[tonic::async_trait]
impl auth_server::Auth for Auth {
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let host = request.into_inner().host;
        let found = Credentials::find(&host, &Environment::of_process()).await;
        // None is an answer too: most images are public.
        let found = found.map_err(|error| Status::unavailable(error.to_string()))?;
        let response = found.map(|found| match found.identity_token {
            // As Docker's own client does it: an empty user name says that the secret is a token.
            Some(token) => CredentialsResponse { username: String::new(), secret: token },
            None => CredentialsResponse { username: found.username, secret: found.secret },
        });
        Ok(Response::new(response.unwrap_or_default()))
    }

    async fn fetch_token(
        &self,
        _: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("BuildKit fetches tokens itself"))
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("BuildKit fetches tokens itself"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("BuildKit fetches tokens itself"))
    }
}
