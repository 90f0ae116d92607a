//! Asking a program that keeps credentials (docker-credential-helpers, `client/client.go`).

use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::environment::Environment;

/// A helper may ask a person for a password first.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// What every helper says when it has nothing for a registry (`credentials/error.go`).
const NOT_FOUND: &str = "credentials not found in native keychain";

/// What a helper gave.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Answer {
    pub(crate) username: String,
    pub(crate) secret: String,
}

/// Asks `docker-credential-HELPER` for the login at `server`; none if it has none.
///
/// # Errors
/// The reason, if it is missing, fails, or does not answer within a minute.
pub(crate) async fn ask(
    helper: &str,
    server: &str,
    environment: &Environment,
) -> Result<Option<Answer>, String> {
    if !helper.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err("that is not the name of a program".into());
    }
    let mut command = Command::new(format!("docker-credential-{helper}"));
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    if let Some(path) = environment.var("PATH") {
        command.env("PATH", path);
    }
    let output = match tokio::time::timeout(TIME_LIMIT, run(command, server)).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err("it is not installed".into());
        }
        Ok(Err(error)) => return Err(super::error::cause(&error)),
        Err(_) => {
            return Err(format!("it said nothing for {} seconds", TIME_LIMIT.as_secs()));
        }
    };
    if output.status.success() {
        // Its words are not repeated: they may hold the secret.
        return serde_json::from_slice(&output.stdout).map(Some).map_err(|_| "its answer is no login".into());
    }
    // The protocol puts errors on stdout.
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().replace('\n', " ");
    match (said(&output.stdout), said(&output.stderr)) {
        (out, _) if out == NOT_FOUND => Ok(None),
        (out, err) if out.is_empty() && err.is_empty() => Err(format!("it ended with {}", output.status)),
        (out, err) if out.is_empty() => Err(err),
        (out, _) => Err(out),
    }
}

async fn run(mut command: Command, server: &str) -> io::Result<Output> {
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        match stdin.write_all(server.as_bytes()).await {
            // It need not read to answer.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    child.wait_with_output().await
}
