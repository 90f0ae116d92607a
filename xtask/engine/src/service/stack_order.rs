//! What is left to do for a stack when the run that brings it up is killed: what it made goes, and what
//! ran before runs again.

use std::fs::File;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::staying::{KIND, filter, stop};
use super::{Lasting, Router};
use crate::docker::{Engine, EngineError, KIND_LABEL, PART_LABEL, UP_LABEL, refused};
use crate::lease::{self, InUse};

/// What a watchdog does for a stack whose run was killed before it was settled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StackOrder {
    prefix: String,
    /// Where locks are.
    state_dir: Option<PathBuf>,
    /// Labels of all of the stack.
    of_stack: Vec<String>,
    /// The part that passes requests on to others, if one does.
    router: Option<String>,
    /// Its files, with their texts, that lead to these by their own names.
    routes: Vec<(String, String)>,
}

impl StackOrder {
    /// For a stack that stays and is not settled, of this machine and user.
    pub(crate) fn of(lasting: &Lasting, host: &str, state_dir: Option<&Path>) -> Self {
        let router = lasting.router.as_ref();
        Self {
            prefix: lasting.prefix.to_string(),
            state_dir: state_dir.map(Path::to_path_buf),
            of_stack: filter(Some(&lasting.prefix), host),
            router: router.map(|router| router.service.clone()),
            routes: router.map(Router::own_routes).unwrap_or_default(),
        }
    }

    /// The labels of what the session `id` made of the stack.
    pub(crate) fn made(id: &str) -> [String; 2] {
        [format!("{UP_LABEL}={id}"), format!("{KIND_LABEL}={KIND}")]
    }

    /// The lock of the stack, as who brings it up or down has it; none where locks cannot be had.
    ///
    /// # Errors
    /// If somebody has it.
    pub(crate) fn lock(&self) -> Result<Option<File>, InUse> {
        lease::lock_stack(self.state_dir.as_deref(), &self.prefix)
    }

    /// Lets run again what the run stopped, when all that took its place is gone.
    pub(crate) async fn bring_back(&self, engine: &Engine, stopped: &[String]) -> Result<(), EngineError> {
        let all = engine.stack_containers(&self.of_stack).await?;
        // One that cannot start again keeps no other from it.
        let back = join_all(all.iter().map(async |container| {
            if stopped.contains(&container.id) {
                stop(engine, container).await?; // it may be ending still, and one that does cannot be started
                engine.start_container(&container.id, &container.name).await?;
            }
            if self.router.as_deref() == Some(container.label(PART_LABEL)) {
                write_routes(engine, &container.id, &self.routes).await?;
            }
            Ok::<_, EngineError>(())
        }));
        back.await.into_iter().collect()
    }
}

/// Writes files of routes, paths and texts, into the router's container.
pub(super) async fn write_routes(
    engine: &Engine,
    router: &str,
    routes: &[(String, String)],
) -> Result<(), EngineError> {
    let mut archive = tar::Builder::new(Vec::new());
    let packed = routes.iter().try_for_each(|(path, text)| {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path.trim_start_matches('/'), text.as_bytes())
    });
    let archive = packed.and_then(|()| archive.into_inner());
    let archive = archive.map_err(|error| refused("take a route", &error.to_string()))?;
    engine.put_files(router, archive).await
}
