//! Containers in the engine: made, started, waited for, looked at, removed.

use std::net::IpAddr;

use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::models::{ContainerCreateBody, ContainerInspectResponse};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptions, DownloadFromContainerOptions,
    KillContainerOptions, RemoveContainerOptions, RestartContainerOptionsBuilder,
    StopContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use hyper::body::Bytes;

use super::client::Engine;
use super::error::EngineError;
use super::image::refused;

/// What a container prints, as it comes.
pub type Output = BoxStream<'static, Result<Bytes, EngineError>>;

/// How a container's main process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code.
    pub code: i64,
    /// The kernel ended a process of it for want of memory.
    pub out_of_memory: bool,
}

/// What a command in a container came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// Its exit code.
    pub code: i64,
    /// The end of its output, of both streams.
    pub output: String,
}

/// Bytes of a command's output that are kept.
const OUTPUT: usize = 4096;

impl Engine {
    /// Makes a container named `name`; gives its id.
    ///
    /// # Errors
    /// If the engine refuses: no such image, the name is taken.
    pub async fn create_container(
        &self,
        name: &str,
        body: ContainerCreateBody,
    ) -> Result<String, EngineError> {
        let options = CreateContainerOptions { name: Some(name.to_owned()), ..Default::default() };
        let created = self.docker().create_container(Some(options), body).await;
        created
            .map(|created| created.id)
            .map_err(|error| self.error(&format!("create the container {name}"), error))
    }

    /// Starts a container; `name` is what people call it.
    ///
    /// # Errors
    /// If the engine refuses: no such program in it.
    pub async fn start_container(&self, id: &str, name: &str) -> Result<(), EngineError> {
        let started = self.docker().start_container(id, None).await;
        started.map_err(|error| self.error(&format!("start {name}"), error))
    }

    /// Asks a container's main process to end, and ends it after `seconds`.
    ///
    /// # Errors
    /// If the engine can't be asked. One that does not run any more, or is gone, is none.
    pub async fn stop_container(&self, id: &str, seconds: i32) -> Result<(), EngineError> {
        let options = StopContainerOptionsBuilder::default().t(seconds).build();
        self.allowing(&[304, 404], "stop a container", self.docker().stop_container(id, Some(options)).await)
    }

    /// Has a container end and start again; within `seconds` it may end by itself. The engine goes on
    /// with it when nobody waits for it any more.
    ///
    /// # Errors
    /// If the engine can't be asked, or cannot start it.
    pub async fn restart_container(&self, id: &str, name: &str, seconds: i32) -> Result<(), EngineError> {
        let options = RestartContainerOptionsBuilder::default().t(seconds).build();
        let restarted = self.docker().restart_container(id, Some(options)).await;
        restarted.map_err(|error| self.error(&format!("restart {name}"), error))
    }

    /// Ends a container's processes at once.
    ///
    /// # Errors
    /// If the engine can't be asked. One that does not run any more, or is gone, is none.
    pub async fn kill_container(&self, id: &str) -> Result<(), EngineError> {
        let killed = self.docker().kill_container(id, None::<KillContainerOptions>).await;
        self.allowing(&[404, 409], "end a container", killed)
    }

    /// Removes a container, running or not, with the volumes that have no name.
    ///
    /// # Errors
    /// If the engine can't do it. One that is gone, or is being removed, is none.
    pub async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
        self.allowing(
            &[404, 409],
            "remove a container",
            self.docker().remove_container(id, Some(options)).await,
        )
    }

    /// Waits until a container that was started does not run any more.
    ///
    /// # Errors
    /// If the engine is gone, or the container.
    pub async fn ended(&self, id: &str) -> Result<Ended, EngineError> {
        const ACTION: &str = "wait for a container";
        let mut answers = Box::pin(self.docker().wait_container(id, None));
        let code = match answers.next().await {
            Some(Ok(answer)) => answer.status_code,
            Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(error)) => return Err(self.error(ACTION, error)),
            None => return Err(self.gone("it stopped answering while a container ran")),
        };
        // Removed by somebody meanwhile: then all is known that ever will be.
        let state = self.look_at(id).await?.and_then(|container| container.state);
        Ok(Ended { code, out_of_memory: state.and_then(|state| state.oom_killed) == Some(true) })
    }

    /// All that the engine knows of a container; none if it has no such one.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn look_at(&self, id: &str) -> Result<Option<ContainerInspectResponse>, EngineError> {
        match self.docker().inspect_container(id, None).await {
            Ok(container) => Ok(Some(container)),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(self.error("look at a container", error)),
        }
    }

    /// The address of a container in a network.
    ///
    /// # Errors
    /// If it has none, or the engine can't be asked.
    pub async fn address(&self, id: &str, network: &str) -> Result<IpAddr, EngineError> {
        let container = self.look_at(id).await?;
        let networks = container.and_then(|container| container.network_settings?.networks);
        let address = networks.and_then(|mut networks| networks.remove(network)?.ip_address);
        let address = address.and_then(|address| address.parse().ok());
        address.ok_or_else(|| refused("tell a container's address", "it is in no network any more"))
    }

    /// The output of a container that has not started yet, both streams in their order, until it ends.
    /// Unlike the engine's log of it, it comes in pieces of any size and is complete however fast the
    /// program prints: a program that prints faster than it is read waits.
    ///
    /// # Errors
    /// If the container is gone or the engine can't be asked.
    pub async fn attach(&self, id: &str) -> Result<Output, EngineError> {
        const ACTION: &str = "read the output of a container";
        let options = AttachContainerOptionsBuilder::default().stream(true).stdout(true).stderr(true).build();
        let attached = self.docker().attach_container(id, Some(options)).await;
        let output = attached.map_err(|error| self.error(ACTION, error))?.output;
        let engine = self.clone();
        let output = output.map_ok(bollard::container::LogOutput::into_bytes);
        Ok(output.map_err(move |error| engine.error(ACTION, error)).boxed())
    }

    /// Runs a command in a container to its end.
    ///
    /// # Errors
    /// If it does not run any more, or the engine can't be asked. A command that is not there is
    /// none: it ends with 126 or 127.
    pub async fn execute(&self, id: &str, args: &[String]) -> Result<Executed, EngineError> {
        const ACTION: &str = "run a command in a container";
        let failed = |error| self.error(ACTION, error);
        let command = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(args.to_vec()),
            ..CreateExecOptions::default()
        };
        let exec = self.docker().create_exec(id, command).await.map_err(failed)?.id;
        let started = self.docker().start_exec(&exec, None::<StartExecOptions>).await.map_err(failed)?;
        let mut output = Vec::new();
        if let StartExecResults::Attached { output: mut parts, .. } = started {
            while let Some(part) = parts.next().await {
                output.extend_from_slice(&part.map_err(failed)?.into_bytes());
                let surplus = output.len().saturating_sub(OUTPUT);
                output.drain(..surplus);
            }
        }
        let code = self.docker().inspect_exec(&exec).await.map_err(failed)?.exit_code;
        let output = String::from_utf8_lossy(&output).trim_end().to_owned();
        Ok(Executed { code: code.unwrap_or(-1), output })
    }

    /// Unpacks a tar archive at the root of a container's file system; it need not run.
    ///
    /// # Errors
    /// If the engine does not take it.
    pub async fn put_files(&self, id: &str, archive: Vec<u8>) -> Result<(), EngineError> {
        let options = UploadToContainerOptionsBuilder::default().path("/").build();
        let put =
            self.docker().upload_to_container(id, Some(options), bollard::body_full(archive.into())).await;
        put.map_err(|error| self.error("put files into a container", error))
    }

    /// A file or folder of a container as a tar archive, in parts; it need not run. None if it has
    /// no such path.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn take_files(
        &self,
        id: &str,
        path: &str,
    ) -> Result<Option<impl Stream<Item = Result<Bytes, EngineError>> + Send + Unpin + use<>>, EngineError>
    {
        const ACTION: &str = "bring files out of a container";
        let options = DownloadFromContainerOptions { path: path.to_owned() };
        let mut parts = Box::pin(self.docker().download_from_container(id, Some(options)).peekable());
        let first = parts.as_mut().peek().await;
        if let Some(Err(Error::DockerResponseServerError { status_code: 404, .. })) = first {
            return Ok(None);
        }
        let engine = self.clone();
        Ok(Some(parts.map_err(move |error| engine.error(ACTION, error))))
    }

    /// `result`, in which an answer with one of these HTTP statuses is none that matters.
    pub(super) fn allowing(
        &self,
        statuses: &[u16],
        action: &str,
        result: Result<(), Error>,
    ) -> Result<(), EngineError> {
        match result {
            Err(Error::DockerResponseServerError { status_code, .. }) if statuses.contains(&status_code) => {
                Ok(())
            }
            Err(error) => Err(self.error(action, error)),
            Ok(()) => Ok(()),
        }
    }

    fn gone(&self, reason: &str) -> EngineError {
        EngineError::Gone { endpoint: self.endpoint().to_string(), reason: reason.to_owned() }
    }
}
