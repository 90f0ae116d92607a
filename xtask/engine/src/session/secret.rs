//! Secrets read from where they are, once a solve or a container needs them.

use std::collections::BTreeMap;
use std::fs;

use super::Session;
use crate::Error;
use crate::dotenv::Dotenv;
use crate::event::Events;
use crate::pipeline::{Config, ContainerPath, MountSource, Secret, SecretSource, Service};

impl Session {
    /// All variables that are said of a service, secret ones too; not those of its image.
    ///
    /// # Errors
    /// If a secret cannot be read.
    pub async fn variables_of(&self, service: &Service) -> Result<BTreeMap<String, String>, Error> {
        let config = &service.0.config;
        let mut variables: BTreeMap<String, String> = config.env.iter().cloned().collect();
        variables.extend(self.secret_variables(config).await?);
        Ok(variables)
    }

    /// The secret variables of a container that runs, with their values.
    pub(super) async fn secret_variables(&self, config: &Config) -> Result<BTreeMap<String, String>, Error> {
        let mut variables = BTreeMap::new();
        for variable in &config.secret_variables {
            let value = self.secret_value(&variable.secret).await?;
            let value = String::from_utf8(value).map_err(|_| Error::Secret {
                secret: variable.secret.source().to_string(),
                why: format!("the variable {} needs text, and it is none", variable.name),
            })?;
            variables.insert(variable.name.clone(), value);
        }
        Ok(variables)
    }

    /// Puts mounted secrets into a container that has not started. They die with it.
    pub(super) async fn put_secrets(
        &self,
        name: &str,
        config: &Config,
        container: &str,
    ) -> Result<(), Error> {
        let mut files: Vec<(&ContainerPath, Vec<u8>)> = Vec::new();
        for mount in &config.mounts {
            match &mount.source {
                MountSource::Secret(secret) => files.push((&mount.path, self.secret_value(secret).await?)),
                MountSource::Cache(_) => {} // a step's; a container works without
                MountSource::Directory(..) => {
                    return Err(Error::Usage(format!(
                        "{name}: a directory can be mounted in build steps only, not at {}; copy it with \
                         with_directory",
                        mount.path
                    )));
                }
            }
        }
        if files.is_empty() {
            return Ok(());
        }
        let mut archive = tar::Builder::new(Vec::new());
        let packed = files.into_iter().try_for_each(|(path, value)| {
            let mut header = tar::Header::new_gnu();
            header.set_size(value.len() as u64);
            header.set_mode(0o444);
            archive.append_data(&mut header, path.as_str().trim_start_matches('/'), &*value)
        });
        let archive = packed.and_then(|()| archive.into_inner());
        let archive =
            archive.map_err(|error| Error::Machine(format!("{name}: cannot pack its secrets: {error}")))?;
        Ok(self.engine.put_files(container, archive).await?)
    }
}

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
