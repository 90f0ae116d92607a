//! Making an image from a file tree.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bollard::query_parameters::CreateImageOptions;
use futures_util::{StreamExt, stream};
use hyper::body::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::client::Engine;
use super::error::EngineError;
use super::image::{Labels, new_name, refused};

/// What an import or a commit may take: 600 MB took 16 s on two slow cores.
pub(super) const LONG: Duration = Duration::from_secs(1800);
/// How much of a file tree is sent at once.
const CHUNK: usize = 256 * 1024;

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
    /// The signal that asks its main process to end; an import cannot set one.
    pub stop_signal: Option<String>,
}

impl Engine {
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
        let (repo, tag) = new_name(tag, &action)?;
        let changes = changes.instructions().map_err(|reason| refused(&action, reason))?;
        let options = CreateImageOptions {
            from_src: Some("-".into()),
            repo: Some(repo),
            tag: Some(tag),
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
                Ok(answer) => id = answer.status.filter(|status| status.starts_with("sha256:")).or(id),
                Err(error) => {
                    let reason = broken.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
                    return Err(match reason {
                        Some(reason) => refused(&action, &format!("its archive could not be read: {reason}")),
                        None => self.error(&action, error),
                    });
                }
            }
        }
        id.ok_or_else(|| refused(&action, "it did not say the new image's id"))
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
        if self.stop_signal.is_some() {
            // moby, `builder/dockerfile/builder.go`, `validCommitCommands`
            return Err("an import has no instruction for a stop signal");
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
    Ok(value.replace('\\', r"\\").replace('"', "\\\"").replace('$', r"\$"))
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
            match (&mut reader).take(CHUNK as u64).read_to_end(&mut buffer).await {
                Ok(0) => Ok(None),
                Ok(_) => Ok(Some((Bytes::from(buffer), reader))),
                Err(error) => {
                    *broken.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) =
                        Some(super::error::reason(&error));
                    Err(error)
                }
            }
        }
    })
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
            stop_signal: None,
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
        let signal = ImageChanges { stop_signal: Some("SIGINT".into()), ..ImageChanges::default() };
        assert!(signal.instructions().is_err());
        let two_lines =
            ImageChanges { labels: [("a".into(), "1\n2".into())].into(), ..ImageChanges::default() };
        assert!(two_lines.instructions().is_err());
    }
}
