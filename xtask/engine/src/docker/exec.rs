//! Commands in a container that runs, with what they read and print passed through; and its log as the
//! engine kept it.

use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults};
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use hyper::body::Bytes;
use tokio::io::AsyncWrite;

use super::client::Engine;
use super::error::EngineError;
use super::image::refused;

/// What a program prints, in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Printed {
    /// On standard output; with a terminal all of it.
    Out(Bytes),
    /// On standard error.
    Err(Bytes),
}

/// Pieces as they come.
pub type PrintedStream = BoxStream<'static, Result<Printed, EngineError>>;

/// A command in a container.
pub struct Command {
    /// The engine's id of it.
    pub id: String,
    /// What it prints, until it ends.
    pub output: PrintedStream,
    /// What it reads; its end is that of the command's standard input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
}

/// How a command is run.
#[derive(Debug, Clone, Default)]
pub struct CommandOptions {
    /// With a terminal.
    pub tty: bool,
    /// As another user than the container's.
    pub user: Option<String>,
    /// In another folder than the container's.
    pub workdir: Option<String>,
    /// Further variables, as `NAME=value`.
    pub env: Vec<String>,
}

/// Which part of a log is wanted.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// What comes from now on, too.
    pub follow: bool,
    /// Nothing older, in seconds since 1970.
    pub since: Option<i32>,
    /// Nothing newer, in seconds since 1970.
    pub until: Option<i32>,
    /// So many of the last lines; none: all.
    pub tail: Option<u64>,
    /// With the time before each line, as the engine writes it.
    pub timestamps: bool,
}

impl Engine {
    /// Runs a command in a container.
    ///
    /// # Errors
    /// If the container does not run, or the engine can't be asked. A program that is not there is
    /// none: it ends with 126 or 127.
    pub async fn command(
        &self,
        container: &str,
        args: &[String],
        options: &CommandOptions,
    ) -> Result<Command, EngineError> {
        const ACTION: &str = "run a command in a container";
        let failed = |error| self.error(ACTION, error);
        let command = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(options.tty),
            user: options.user.clone(),
            working_dir: options.workdir.clone(),
            env: Some(options.env.clone()),
            cmd: Some(args.to_vec()),
            ..CreateExecOptions::default()
        };
        let id = self.docker().create_exec(container, command).await.map_err(failed)?.id;
        let start = StartExecOptions { tty: options.tty, ..StartExecOptions::default() };
        match self.docker().start_exec(&id, Some(start)).await.map_err(failed)? {
            StartExecResults::Attached { output, input } => {
                let engine = self.clone();
                let output = output.map_ok(printed).map_err(move |error| engine.error(ACTION, error)).boxed();
                Ok(Command { id, output, input })
            }
            StartExecResults::Detached => Err(refused(ACTION, "it did not attach to it")),
        }
    }

    /// Tells a command with a terminal how large that is.
    ///
    /// # Errors
    /// If it ended, or the engine can't be asked.
    pub async fn resize_command(&self, id: &str, rows: u16, columns: u16) -> Result<(), EngineError> {
        let size = ResizeExecOptions { height: rows, width: columns };
        let resized = self.docker().resize_exec(id, size).await;
        resized.map_err(|error| self.error("resize a terminal", error))
    }

    /// The exit code of a command that ended.
    ///
    /// # Errors
    /// If the engine can't be asked.
    pub async fn command_code(&self, id: &str) -> Result<i64, EngineError> {
        let seen = self.docker().inspect_exec(id).await;
        let seen = seen.map_err(|error| self.error("see how a command ended", error))?;
        Ok(seen.exit_code.unwrap_or(-1))
    }

    /// What a container printed, as the engine kept it: piece by piece a line, or a part of a long one.
    /// One that is gone, or on its way, printed all that it ever will.
    pub fn log(&self, container: &str, options: &LogOptions) -> PrintedStream {
        let tail = options.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
        let wanted = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .follow(options.follow)
            .since(options.since.unwrap_or_default())
            .until(options.until.unwrap_or_default())
            .timestamps(options.timestamps)
            .tail(&tail);
        let engine = self.clone();
        let logs = self.docker().logs(container, Some(wanted.build())).map_ok(printed);
        let logs = logs.take_while(|piece| std::future::ready(!is_gone(piece)));
        logs.map_err(move |error| engine.error("read the log of a container", error)).boxed()
    }
}

fn is_gone<T>(answer: &Result<T, Error>) -> bool {
    matches!(answer, Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }))
}

fn printed(output: LogOutput) -> Printed {
    match output {
        LogOutput::StdErr { message } => Printed::Err(message),
        LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
            Printed::Out(message)
        }
    }
}

impl Printed {
    /// The bytes, wherever they go.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Out(bytes) | Self::Err(bytes) => bytes,
        }
    }
}
