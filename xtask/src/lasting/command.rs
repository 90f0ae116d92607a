//! A command in a part of a stack, with this process's own streams.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use xtask_engine::Session;
use xtask_engine::docker::{Command, CommandOptions, Printed};

use futures_util::StreamExt;

use crate::context::Context;
use crate::exit::{Exit, INTERRUPTED};
use crate::terminal::{self, Raw, Resizes};

/// Bytes that are read at once.
const AT_ONCE: usize = 16 * 1024;

/// Runs `args` in a container until it ends.
///
/// # Errors
/// [`Exit`] with its exit code, unless that is 0.
pub async fn run(
    session: &Session,
    container: &str,
    args: &[String],
    options: &CommandOptions,
    context: &Context,
) -> anyhow::Result<()> {
    let engine = session.engine();
    let Command { id, mut output, mut input } = engine.command(container, args, options).await?;
    let raw = if options.tty { Raw::enter().ok() } else { None };
    let resizing = async {
        let mut resizes = Resizes::new(); // before the size is read: one that comes meanwhile counts
        loop {
            if let Some((rows, columns)) = terminal::size() {
                let _ = engine.resize_command(&id, rows, columns).await; // it may have ended
            }
            resizes.next().await;
        }
    };
    let typing = async {
        let mut stdin = tokio::io::stdin();
        let mut bytes = vec![0; AT_ONCE];
        // What cannot be read, or is not taken any more, is the end of it.
        while let Ok(count @ 1..) = stdin.read(&mut bytes).await {
            if input.write_all(&bytes[..count]).await.is_err() || input.flush().await.is_err() {
                break;
            }
        }
        let _ = input.shutdown().await;
        std::future::pending::<()>().await;
    };
    let printing = async {
        while let Some(printed) = output.next().await {
            match printed? {
                Printed::Out(bytes) => terminal::write_out(&bytes)?,
                Printed::Err(bytes) => terminal::write_err(&bytes)?,
            }
        }
        anyhow::Ok(())
    };
    tokio::select! {
        printed = printing => printed?,
        () = resizing, if options.tty => {}
        () = typing => {}
        () = context.cancel.cancelled() => return Err(Exit(INTERRUPTED).into()),
    }
    drop(raw);
    match i32::try_from(engine.command_code(&id).await?).unwrap_or(1) {
        0 => Ok(()),
        code => Err(Exit(code).into()),
    }
}
