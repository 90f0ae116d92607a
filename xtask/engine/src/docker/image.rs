//! Images in the engine: looking at one, making one from a file tree, giving one a configuration.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{ContainerConfig, ContainerCreateBody};
use bollard::query_parameters::{
    CommitContainerOptions, CreateContainerOptions, CreateImageOptions, RemoveContainerOptions,
    RemoveImageOptions,
};
use futures_util::{StreamExt, stream};
use hyper::body::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::client::Engine;
use super::error::EngineError;

/// What an import or a commit may take: 600 MB took 16 s on two slow cores.
const LONG: Duration = Duration::from_secs(1800);
/// How much of a file tree is sent at once.
const CHUNK: usize = 256 * 1024;
/// The command of an image that has none: Docker makes no container without one.
const SHELL: &str = "/bin/sh";

/// Labels of an image or a container.
pub type Labels = BTreeMap<String, String>;

/// What the engine knows of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageInfo {
    /// `sha256:…`.
    pub id: String,
    /// Variables as `NAME=value`.
    pub env: Vec<String>,
    /// The working directory; empty means `/`.
    pub workdir: String,
    /// The user; empty means root.
    pub user: String,
    /// The entry point; may be empty.
    pub entrypoint: Vec<String>,
    /// The command, or the entry point's arguments; may be empty.
    pub cmd: Vec<String>,
    /// Its labels.
    pub labels: Labels,
    /// In Go's words: `amd64`.
    pub architecture: String,
    /// `linux`.
    pub os: String,
    /// Bytes on the engine's disk, layers shared with other images included.
    pub size: u64,
}

/// What an image's configuration is to say. What is empty or `None` stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageChanges {
    /// Labels that are added.
    pub labels: Labels,
    /// Variables that are added or replaced.
    pub env: BTreeMap<String, String>,
    /// The working directory.
    pub workdir: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The entry point.
    pub entrypoint: Option<Vec<String>>,
    /// The command.
    pub cmd: Option<Vec<String>>,
}

impl Engine {
    /// What the engine knows of `image` (a name or an id); none if it has no such image.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn image(&self, image: &str) -> Result<Option<ImageInfo>, EngineError> {
        let action = format!("look for the image {image}");
        check_name(image, &action)?;
        let inspected = match self.docker().inspect_image(image).await {
            Ok(inspected) => inspected,
            Err(Error::DockerResponseServerError {
                status_code: 404, ..
            }) => return Ok(None),
            Err(error) => return Err(self.error(&action, error)),
        };
        let config = inspected.config.unwrap_or_default();
        Ok(Some(ImageInfo {
            id: inspected.id.unwrap_or_default(),
            env: config.env.unwrap_or_default(),
            workdir: config.working_dir.unwrap_or_default(),
            user: config.user.unwrap_or_default(),
            entrypoint: config.entrypoint.unwrap_or_default(),
            cmd: config.cmd.unwrap_or_default(),
            labels: config.labels.unwrap_or_default().into_iter().collect(),
            architecture: inspected.architecture.unwrap_or_default(),
            os: inspected.os.unwrap_or_default(),
            size: inspected
                .size
                .and_then(|size| size.try_into().ok())
                .unwrap_or_default(),
        }))
    }

    /// Makes an image of one layer, named `tag`, from a tar archive of a root file system (plain or
    /// compressed as the engine understands it), with `changes` as its configuration. Gives its id.
    ///
    /// # Errors
    /// If the archive can't be read, or the engine does not take it; then there is no such image.
    pub async fn import_rootfs<R>(
        &self,
        tag: &str,
        changes: &ImageChanges,
        tar: R,
    ) -> Result<String, EngineError>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        let action = format!("import the image {tag}");
        check_name(tag, &action)?;
        let changes = changes
            .instructions()
            .map_err(|reason| refused(&action, reason))?;
        let options = CreateImageOptions {
            from_src: Some("-".into()),
            repo: Some(tag.into()),
            changes,
            ..CreateImageOptions::default()
        };
        // Why the archive ended too soon; hyper would only say that a body was not sent.
        let broken = Arc::new(Mutex::new(None));
        let body = bollard::body_try_stream(chunks(tar, broken.clone()));
        let docker = self.docker().clone().with_timeout(LONG);
        let mut answers = docker.create_image(Some(options), Some(body), None);
        let mut id = None;
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(answer) => {
                    id = answer
                        .status
                        .filter(|status| status.starts_with("sha256:"))
                        .or(id)
                }
                Err(error) => {
                    let reason = broken
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner())
                        .take();
                    return Err(match reason {
                        Some(reason) => {
                            refused(&action, &format!("its archive could not be read: {reason}"))
                        }
                        None => self.error(&action, error),
                    });
                }
            }
        }
        id.ok_or_else(|| refused(&action, "it did not say the new image's id"))
    }

    /// Gives `image` a configuration: a new image of the same files, named `new_tag`. Gives its id.
    ///
    /// `owner` are the labels of the container that this needs for a moment (besides
    /// `xtask.kind=session`), by which a sweep finds it when this process is killed meanwhile. The
    /// image has them too, but empty: Docker hands a container's labels on. Its `xtask.kind` is
    /// `kept` unless `changes` say otherwise. An image without any command gets `/bin/sh`.
    ///
    /// # Errors
    /// If there is no such image or the engine refuses. The container is removed in any case.
    pub async fn label(
        &self,
        image: &str,
        new_tag: &str,
        changes: &ImageChanges,
        owner: &Labels,
    ) -> Result<String, EngineError> {
        let action = format!("make the image {new_tag} from {image}");
        check_name(new_tag, &action)?;
        let info = self
            .image(image)
            .await?
            .ok_or_else(|| refused(&action, "it has no such image"))?;
        let (repo, tag) = split_tag(new_tag);
        let has_command = !info.cmd.is_empty() || !info.entrypoint.is_empty();
        let mut container_labels = owner.clone();
        container_labels.insert("xtask.kind".into(), "session".into());
        let mut labels: Labels = owner
            .keys()
            .map(|name| (name.clone(), String::new()))
            .collect();
        labels.insert("xtask.kind".into(), "kept".into());
        labels.extend(changes.labels.clone());

        // It has a name of ours so that it can be removed even if we never hear its id.
        let container = Unstarted {
            engine: self.clone(),
            name: format!("xtask-label-{}", uuid::Uuid::new_v4().simple()),
        };
        let create = ContainerCreateBody {
            image: Some(info.id),
            cmd: (!has_command).then(|| vec![SHELL.into()]),
            labels: Some(container_labels.into_iter().collect()),
            network_disabled: Some(true),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptions {
            name: Some(container.name.clone()),
            ..CreateContainerOptions::default()
        };
        let commit = CommitContainerOptions {
            container: Some(container.name.clone()),
            repo: Some(repo.into()),
            tag: tag.map(Into::into),
            pause: false,
            ..CommitContainerOptions::default()
        };
        let config = ContainerConfig {
            labels: Some(labels.into_iter().collect()),
            env: Some(
                changes
                    .env
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect(),
            ),
            working_dir: changes.workdir.clone(),
            user: changes.user.clone(),
            entrypoint: changes.entrypoint.clone(),
            cmd: changes.cmd.clone(),
            ..ContainerConfig::default()
        };
        let docker = self.docker().clone().with_timeout(LONG);
        let committed = async {
            docker.create_container(Some(options), create).await?;
            docker.commit_container(commit, config).await
        };
        let committed = committed.await.map_err(|error| self.error(&action, error));
        container.remove().await?;
        Ok(committed?.id)
    }

    /// Removes the name `image`, and the image itself if it has no other; false if there is none.
    ///
    /// # Errors
    /// If a container uses it or the engine can't be asked.
    pub async fn remove_image(&self, image: &str) -> Result<bool, EngineError> {
        let action = format!("remove the image {image}");
        check_name(image, &action)?;
        match self
            .docker()
            .remove_image(image, None::<RemoveImageOptions>, None)
            .await
        {
            Ok(_) => Ok(true),
            Err(Error::DockerResponseServerError {
                status_code: 404, ..
            }) => Ok(false),
            Err(error) => Err(self.error(&action, error)),
        }
    }
}

/// A container that is never started. Removed when it is dropped, too: then its future was.
struct Unstarted {
    engine: Engine,
    name: String,
}

impl Unstarted {
    async fn remove(mut self) -> Result<(), EngineError> {
        let name = std::mem::take(&mut self.name);
        remove_container(&self.engine, &name).await
    }
}

impl Drop for Unstarted {
    fn drop(&mut self) {
        let (engine, name) = (self.engine.clone(), std::mem::take(&mut self.name));
        if !name.is_empty()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // Nobody is left to hear of a failure; a sweep finds the container by its labels.
            runtime.spawn(async move { remove_container(&engine, &name).await });
        }
    }
}

async fn remove_container(engine: &Engine, name: &str) -> Result<(), EngineError> {
    let options = RemoveContainerOptions {
        force: true,
        v: true,
        ..RemoveContainerOptions::default()
    };
    match engine.docker().remove_container(name, Some(options)).await {
        Ok(())
        | Err(Error::DockerResponseServerError {
            status_code: 404, ..
        }) => Ok(()),
        Err(error) => Err(engine.error(&format!("remove the container {name}"), error)),
    }
}

impl ImageChanges {
    /// The changes as instructions for an import, which the engine parses line by line.
    fn instructions(&self) -> Result<Vec<String>, &'static str> {
        let mut lines = Vec::new();
        for (name, value) in &self.labels {
            lines.push(format!("LABEL {}={}", quoted(name)?, quoted(value)?));
        }
        for (name, value) in &self.env {
            lines.push(format!("ENV {}={}", quoted(name)?, quoted(value)?));
        }
        for (instruction, value) in [("WORKDIR", &self.workdir), ("USER", &self.user)] {
            if let Some(value) = value {
                lines.push(format!("{instruction} {}", escaped(value)?));
            }
        }
        for (instruction, words) in [("ENTRYPOINT", &self.entrypoint), ("CMD", &self.cmd)] {
            if let Some(words) = words {
                let words = serde_json::to_string(words).map_err(|_| "a command is not text")?;
                lines.push(format!("{instruction} {words}"));
            }
        }
        Ok(lines)
    }
}

/// A value in quotes, in which nothing is expanded.
fn quoted(value: &str) -> Result<String, &'static str> {
    Ok(format!("\"{}\"", escaped(value)?))
}

/// A value with its `\`, `"` and `$` taken literally.
fn escaped(value: &str) -> Result<String, &'static str> {
    if value.contains(['\n', '\r']) {
        return Err("a label or variable of an import has one line only");
    }
    Ok(value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('$', r"\$"))
}

/// The bytes of `reader`; the reason for an early end is left in `broken`.
fn chunks<R>(
    reader: R,
    broken: Arc<Mutex<Option<String>>>,
) -> impl futures_util::Stream<Item = io::Result<Bytes>>
where
    R: AsyncRead + Send + Unpin + 'static,
{
    stream::try_unfold(reader, move |mut reader| {
        let broken = broken.clone();
        async move {
            let mut buffer = Vec::with_capacity(CHUNK);
            match (&mut reader)
                .take(CHUNK as u64)
                .read_to_end(&mut buffer)
                .await
            {
                Ok(0) => Ok(None),
                Ok(_) => Ok(Some((Bytes::from(buffer), reader))),
                Err(error) => {
                    *broken
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner()) =
                        Some(super::error::reason(&error));
                    Err(error)
                }
            }
        }
    })
}

/// Whatever becomes part of a request's path must not change which request it is.
fn check_name(image: &str, action: &str) -> Result<(), EngineError> {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@[]".contains(&byte);
    if image.is_empty()
        || !image.bytes().all(is_fine)
        || image
            .split('/')
            .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Err(refused(action, "that is not the name of an image"));
    }
    Ok(())
}

/// A name and its tag.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

fn refused(action: &str, reason: &str) -> EngineError {
    EngineError::Refused {
        action: action.into(),
        status: 0,
        message: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_take_every_value_literally() {
        let changes = ImageChanges {
            labels: [("a.b".into(), r#"say "$HOME" \n"#.into())].into(),
            env: [("PATH".into(), "/bin".into())].into(),
            workdir: Some("/my dir".into()),
            user: Some("node".into()),
            entrypoint: None,
            cmd: Some(vec!["sh".into(), "-c".into(), r#"echo "$A""#.into()]),
        };
        assert_eq!(
            changes.instructions(),
            Ok(vec![
                r#"LABEL "a.b"="say \"\$HOME\" \\n""#.to_owned(),
                r#"ENV "PATH"="/bin""#.to_owned(),
                "WORKDIR /my dir".to_owned(),
                "USER node".to_owned(),
                r#"CMD ["sh","-c","echo \"$A\""]"#.to_owned(),
            ])
        );
        let two_lines = ImageChanges {
            labels: [("a".into(), "1\n2".into())].into(),
            ..ImageChanges::default()
        };
        assert!(two_lines.instructions().is_err());
    }

    #[test]
    fn a_name_can_not_become_another_request() {
        for name in [
            "",
            "..",
            "a/../b",
            "a?force=1",
            "a#b",
            "a b",
            "a//b",
            "%2e%2e",
        ] {
            assert!(check_name(name, "look").is_err(), "{name}");
        }
        for name in [
            "node:20",
            "sha256:0123",
            "localhost:5000/a@sha256:01",
            "[::1]:5000/a",
        ] {
            assert!(check_name(name, "look").is_ok(), "{name}");
        }
    }

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(split_tag("localhost:5000/a"), ("localhost:5000/a", None));
        assert_eq!(
            split_tag("localhost:5000/a:1"),
            ("localhost:5000/a", Some("1"))
        );
    }
}
