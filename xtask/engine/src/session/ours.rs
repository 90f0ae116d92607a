//! What this machine and user have in the engine, of whatever session: for people who want it gone.

use std::collections::{BTreeSet, HashMap};

use bollard::query_parameters::ListImagesOptionsBuilder;

use super::Session;
use super::lasting::is_of_stack;
use super::service_image::{REPOSITORY, is_ours};
use crate::Error;
use crate::docker::{EngineError, HOST_LABEL, KIND_LABEL, Owned, PREFIX_LABEL, SESSION_LABEL};
use crate::lease;

/// Something of ours in the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// What it is.
    pub owned: Owned,
    /// Who needs it.
    pub whose: Whose,
}

/// Who needs something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// A session that runs.
    Running(String),
    /// Nobody: its session ended and left it, because somebody asked for that or because it was
    /// killed.
    Left(String),
    /// The runs to come: data that are kept.
    Kept,
    /// A person: a stack of this prefix that stays until it is taken down.
    Stack(String),
}

impl Session {
    /// All containers, networks and volumes of this machine and user in the engine.
    ///
    /// # Errors
    /// If the engine is gone.
    pub async fn ours(&self) -> Result<Vec<Ours>, Error> {
        let owned = self.engine.owned(&[format!("{HOST_LABEL}={}", self.host)]).await?;
        Ok(owned.into_iter().filter(|owned| owned.labels.contains_key(KIND_LABEL)).map(ours).collect())
    }

    /// Removes these, containers before what they use.
    ///
    /// # Errors
    /// The first that could not be removed, after all others were.
    pub async fn remove_ours(&self, ours: &[Ours]) -> Result<(), Error> {
        let owned: Vec<Owned> = ours.iter().map(|ours| ours.owned.clone()).collect();
        self.engine.remove_owned(&owned).await?;
        for ours in ours {
            if let Whose::Left(session) = &ours.whose {
                lease::forget(super::host::state_dir().as_deref(), session);
            }
        }
        Ok(())
    }

    /// The images that were made for services, by name, with their bytes. They are a cache of all users
    /// of the engine: whoever needs one makes it again.
    ///
    /// # Errors
    /// If the engine is gone.
    pub async fn our_images(&self) -> Result<Vec<(String, u64)>, Error> {
        let filters = HashMap::from([("reference".to_owned(), vec![format!("{REPOSITORY}/*")])]);
        let options = ListImagesOptionsBuilder::default().filters(&filters).build();
        let listed = self.engine.docker().list_images(Some(options)).await;
        let listed = listed.map_err(|error| self.engine.error("list images", error))?;
        let named = listed.into_iter().flat_map(|image| {
            let size = u64::try_from(image.size).unwrap_or_default();
            image.repo_tags.into_iter().filter(|tag| is_ours(tag)).map(move |tag| (tag, size))
        });
        let named: BTreeSet<(String, u64)> = named.collect();
        Ok(named.into_iter().collect())
    }

    /// Removes an image that was made for a service; gives whether it is gone: one that a container
    /// uses stays.
    ///
    /// # Errors
    /// If the engine is gone.
    pub async fn remove_our_image(&self, name: &str) -> Result<bool, Error> {
        match self.engine.remove_image(name).await {
            Ok(_) => Ok(true),
            Err(EngineError::Refused { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn ours(owned: Owned) -> Ours {
    let prefix = || owned.labels.get(PREFIX_LABEL).cloned().unwrap_or_default();
    let whose = match owned.labels.get(SESSION_LABEL) {
        _ if is_of_stack(&owned) => Whose::Stack(prefix()),
        None => Whose::Kept,
        Some(session) if lease::is_alive(super::host::state_dir().as_deref(), session) => {
            Whose::Running(session.clone())
        }
        Some(session) => Whose::Left(session.clone()),
    };
    Ours { owned, whose }
}
