//! Giving an image a configuration.
//!
//! The image exporter of BuildKit in Docker 20.10 makes images without one. A commit is the engine's
//! way to change it: a container that is never started, committed, removed.

use bollard::errors::Error;
use bollard::models::{ContainerConfig, ContainerCreateBody};
use bollard::query_parameters::{CommitContainerOptions, CreateContainerOptions, RemoveContainerOptions};

use super::client::Engine;
use super::error::EngineError;
use super::image::{ImageInfo, Labels, new_name, refused};
use super::import::{ImageChanges, LONG};

/// The command of an image that has none: Docker makes no container without one.
const SHELL: &str = "/bin/sh";

impl Engine {
    /// Gives `image` a configuration: a new image of the same files, named `new_tag`. Gives its id.
    ///
    /// `owner` are the labels of the container that this needs for a moment (besides
    /// `xtask.kind=session`), by which a sweep finds it when this process is killed meanwhile. The
    /// image has them too, but empty: Docker hands a container's labels on. Its `xtask.kind` is
    /// `kept` unless `changes` say otherwise. An image without any command gets `/bin/sh`.
    ///
    /// # Errors
    /// If there is no such image or the engine refuses. The container is removed in any case, also
    /// when this is dropped before its end: then a task of its own goes on in the background.
    pub async fn label(
        &self,
        image: &str,
        new_tag: &str,
        changes: &ImageChanges,
        owner: &Labels,
    ) -> Result<String, EngineError> {
        let action = format!("make the image {new_tag} from {image}");
        let (repo, tag) = new_name(new_tag, &action)?;
        let info = self.image(image).await?;
        let info = info.ok_or_else(|| refused(&action, "it has no such image"))?;
        let container = format!("xtask-label-{}", uuid::Uuid::new_v4().simple());
        let options = CommitContainerOptions {
            container: Some(container.clone()),
            repo: Some(repo),
            tag: Some(tag),
            pause: false,
            ..CommitContainerOptions::default()
        };
        let commit = Commit {
            engine: self.clone(),
            action: action.clone(),
            container,
            create: container_of(info, owner),
            options,
            config: config_of(changes, owner),
        };
        // A task of its own: dropped in the middle, it still runs to its end. What is half made can't
        // be taken back: the engine finishes a create or a commit that nobody waits for.
        let result = tokio::spawn(commit.run()).await;
        result.unwrap_or_else(|error| Err(refused(&action, &error.to_string())))
    }
}

/// The container to commit.
fn container_of(image: ImageInfo, owner: &Labels) -> ContainerCreateBody {
    let mut labels = owner.clone();
    labels.insert("xtask.kind".into(), "session".into());
    let has_command = !image.cmd.is_empty() || !image.entrypoint.is_empty();
    ContainerCreateBody {
        image: Some(image.id),
        cmd: (!has_command).then(|| vec![SHELL.into()]),
        labels: Some(labels.into_iter().collect()),
        network_disabled: Some(true),
        ..ContainerCreateBody::default()
    }
}

/// The configuration of the commit. The engine adds to it whatever the container has and it has
/// not (moby, `daemon/commit.go`, `merge`).
fn config_of(changes: &ImageChanges, owner: &Labels) -> ContainerConfig {
    let mut labels: Labels = owner.keys().map(|name| (name.clone(), String::new())).collect();
    labels.insert("xtask.kind".into(), "kept".into());
    labels.extend(changes.labels.clone());
    let env = changes.env.iter().map(|(name, value)| format!("{name}={value}"));
    ContainerConfig {
        labels: Some(labels.into_iter().collect()),
        env: Some(env.collect()),
        working_dir: changes.workdir.clone(),
        user: changes.user.clone(),
        entrypoint: changes.entrypoint.clone(),
        cmd: changes.cmd.clone(),
        stop_signal: changes.stop_signal.clone(),
        ..ContainerConfig::default()
    }
}

/// A commit of an image with another configuration.
struct Commit {
    engine: Engine,
    action: String,
    /// A name of ours: the container can be removed even if we never hear its id.
    container: String,
    create: ContainerCreateBody,
    options: CommitContainerOptions,
    config: ContainerConfig,
}

impl Commit {
    /// Runs up to the removal of the container, whatever happens.
    async fn run(self) -> Result<String, EngineError> {
        let Self { engine, action, container, create, options, config } = self;
        let docker = engine.docker().clone().with_timeout(LONG);
        let named =
            CreateContainerOptions { name: Some(container.clone()), ..CreateContainerOptions::default() };
        let committed = match docker.create_container(Some(named), create).await {
            Ok(_) => docker.commit_container(options, config).await,
            Err(error) => Err(error),
        };
        let committed = committed.map_err(|error| engine.error(&action, error));
        let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
        let removed = match docker.remove_container(&container, Some(options)).await {
            Ok(()) | Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            Err(error) => Err(engine.error(&format!("remove the container {container}"), error)),
        };
        // What failed first says more.
        let id = committed?.id;
        removed.map(|()| id)
    }
}
