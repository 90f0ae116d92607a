//! Secrets read from where they are, once a solve needs them.

use std::fs;

use crate::Error;
use crate::event::Events;
use crate::pipeline::{Secret, SecretSource};

/// The value of a secret; from now on no output shows it.
pub(super) async fn read(secret: &Secret, events: &Events) -> Result<Vec<u8>, Error> {
    let failed = |why: String| Error::Secret { secret: secret.source().to_string(), why };
    let value = match secret.source() {
        SecretSource::Variable(name) => std::env::var_os(name)
            .map(|value| value.into_encoded_bytes())
            .ok_or_else(|| failed(format!("it is not set; run with {name}=… or export it")))?,
        SecretSource::File(path) => fs::read(path).map_err(|error| failed(error.to_string()))?,
        SecretSource::Command(args) => command(args).await.map_err(failed)?,
        SecretSource::Dotenv { file, key } => {
            let text = fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
            dotenv(&text, key).ok_or_else(|| failed("the file has no such key".into()))?
        }
    };
    if let Ok(text) = std::str::from_utf8(&value) {
        events.redact(text);
    }
    Ok(value)
}

async fn command(args: &[String]) -> Result<Vec<u8>, String> {
    let (program, args) = args.split_first().ok_or("it names no program")?;
    let output = tokio::process::Command::new(program)
        .args(args)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} ended with {}", output.status));
    }
    let mut value = output.stdout;
    while value.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        value.pop();
    }
    Ok(value)
}

/// The value of `key` in the text of a `.env` file: the last one counts, as it does for a shell.
fn dotenv(text: &str, key: &str) -> Option<Vec<u8>> {
    let text = text.trim_start_matches('\u{feff}');
    let values = dotenvy::from_read_iter(text.as_bytes()).filter_map(Result::ok);
    values.filter(|(known, _)| known == key).last().map(|(_, value)| value.into_bytes())
}
