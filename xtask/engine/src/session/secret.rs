//! Secrets read from where they are, once a solve needs them.

use std::fs;

use crate::Error;
use crate::dotenv::Dotenv;
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
        SecretSource::Value { value, .. } => value.clone().into_bytes(),
        SecretSource::Command(args) => command(args).await.map_err(failed)?,
        SecretSource::Dotenv { file, key } => {
            let text = fs::read(file).map_err(|error| failed(error.to_string()))?;
            let dotenv = Dotenv::parse(&text).map_err(|error| failed(error.to_string()))?;
            let value = dotenv.get(key).ok_or_else(|| failed("the file has no such key; add it".into()))?;
            value.as_bytes().to_vec()
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(file: &str, key: &str) -> Result<Vec<u8>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        std::fs::write(&path, file).unwrap();
        let read = read(&Secret::dotenv(&path, key), &Events::new(Vec::new())).await;
        read.map_err(|error| error.to_string().replace(&dir.path().display().to_string(), "DIR"))
    }

    #[tokio::test]
    async fn a_key_of_an_environment_file() {
        assert_eq!(of("A=1\nB=\"x y\"\nA=2\n", "A").await.unwrap(), b"2");
        let wrong = [of("A=1\n", "B").await, of("A=1\n\nB='x\n", "A").await].map(Result::unwrap_err);
        insta::assert_snapshot!(wrong.join("\n"));
    }
}
