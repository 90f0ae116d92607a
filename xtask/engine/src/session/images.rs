//! Images: from the engine if it has them, else pulled, else, where no registry can be reached,
//! made as a stand-in that says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::{BoxFuture, try_join_all};

use super::Session;
use crate::Error;
use crate::docker::{Credentials, Environment, ImageChanges, ImageInfo, ImageReference, PullError};
use crate::event::Event;
use crate::llb::{Needs, ResolvedImage};
use crate::pipeline::{Image, ImageConfig, Recipe, StandIn};

/// When a stand-in takes an image's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StandIns {
    /// Where the engine has no such image and its registry cannot be reached.
    #[default]
    Auto,
    /// Never: such an image is an error.
    Never,
    /// Wherever there is a recipe, without asking any registry.
    Only,
}

/// On a stand-in: the image that it stands in for.
const FOR_LABEL: &str = "xtask.stand-in.for";
/// On a stand-in: how it differs.
const DIFFERS_LABEL: &str = "xtask.stand-in.differs";
/// On a stand-in: the version of its recipe.
const VERSION_LABEL: &str = "xtask.stand-in.version";

impl Session {
    /// All images that a pipeline names, at the same time; each once in a session.
    pub(super) async fn resolve_images(
        &self,
        needs: &Needs,
    ) -> Result<BTreeMap<String, ResolvedImage>, Error> {
        let resolving = needs.images.values().map(async |image| {
            let resolved = self.resolve_image(image).await?;
            Ok::<_, Error>((image.name().to_owned(), resolved))
        });
        Ok(try_join_all(resolving).await?.into_iter().collect())
    }

    /// Makes sure that the engine has `image`, or its stand-in.
    ///
    /// # Errors
    /// If it cannot be had; the text says what can be done.
    pub async fn prepare_image(&self, image: &Image) -> Result<(), Error> {
        self.resolve_image(image).await.map(drop)
    }

    /// Boxed, since a stand-in's recipe may rest on another stand-in.
    pub(super) fn resolve_image<'a>(
        &'a self,
        image: &'a Image,
    ) -> BoxFuture<'a, Result<ResolvedImage, Error>> {
        Box::pin(async move {
            let cell = self.images.lock().await.entry(image.name().to_owned()).or_default().clone();
            let mut resolved = cell.lock().await;
            if let Some(resolved) = &*resolved {
                return Ok(resolved.clone());
            }
            let work = async { self.find_image(image).await };
            let found = tokio::select! {
                found = work => found?,
                () = self.cancel.cancelled() => return Err(Error::Canceled),
            };
            *resolved = Some(found.clone());
            Ok(found)
        })
    }

    async fn find_image(&self, image: &Image) -> Result<ResolvedImage, Error> {
        let reference = parse(image.name())?;
        let mode = self.options.stand_ins;
        // One is made of this machine's own packages, so it is of the engine's platform only.
        let stand_in = image.stand_in().filter(|_| self.is_native());
        if let Some(stand_in) = stand_in
            && (image.is_made() || mode == StandIns::Only)
        {
            return self.stand_in(image, stand_in).await;
        }
        if let Some(info) = self.engine.image(image.name()).await?
            && self.fits(&info)
        {
            return Ok(resolved(&reference, &info));
        }
        if mode == StandIns::Auto
            && let Some(stand_in) = stand_in
            && self.current_stand_in(stand_in).await?.is_some()
        {
            // Made when no registry could be reached; a warm run asks nobody.
            return self.stand_in(image, stand_in).await;
        }
        match self.pull(image.name(), &reference).await {
            Ok(()) => {}
            Err(PullError::Unreachable { said, .. }) if mode == StandIns::Auto && stand_in.is_some() => {
                self.events.detail(format!("{}: {said}", image.name()));
                if let Some(stand_in) = stand_in {
                    return self.stand_in(image, stand_in).await;
                }
            }
            Err(PullError::Engine(error)) => return Err(error.into()),
            Err(error) => return Err(Error::Image(error.to_string())),
        }
        match self.engine.image(image.name()).await? {
            Some(info) => Ok(resolved(&reference, &info)),
            None => Err(Error::Image(format!("the engine pulled {} and then did not have it", image.name()))),
        }
    }

    /// Whether steps are for the engine's own platform.
    fn is_native(&self) -> bool {
        let info = self.engine.info();
        self.wants(&info.os, &info.arch)
    }

    /// Whether a local image is of the platform that is wanted.
    fn fits(&self, info: &ImageInfo) -> bool {
        self.wants(&info.os, &info.architecture)
    }

    fn wants(&self, os: &str, architecture: &str) -> bool {
        let wanted = self.platform.as_ref();
        wanted.is_none_or(|wanted| wanted.os == os && wanted.architecture == architecture)
    }

    async fn pull(&self, name: &str, reference: &ImageReference) -> Result<(), PullError> {
        let credentials = match Credentials::find(reference.registry(), &Environment::of_process()).await {
            Ok(credentials) => credentials,
            Err(error) => {
                self.events.notice(format!("pulling {name} without a login: {error}"));
                None
            }
        };
        let tell = |current, total, done| {
            self.events.emit(Event::Pull { image: name.to_owned(), current, total, done });
        };
        tell(0, 0, false);
        let (mut current, mut total) = (0, 0);
        let platform = self.options.platform.as_deref();
        self.engine
            .pull(reference, platform, credentials.as_ref(), |progress| {
                (current, total) = (progress.current, progress.total);
                tell(current, total, false);
            })
            .await?;
        tell(current, total, true);
        Ok(())
    }

    /// The stand-in, made if it is not there; said once in a run.
    async fn stand_in(&self, image: &Image, stand_in: &StandIn) -> Result<ResolvedImage, Error> {
        let info = match self.current_stand_in(stand_in).await? {
            Some(info) => info,
            None => self.make_stand_in(image, stand_in).await?,
        };
        if !image.is_made() {
            self.events.emit(Event::StandIn {
                image: image.name().to_owned(),
                tag: stand_in.tag.clone(),
                differs: stand_in.differs.clone(),
            });
        }
        Ok(resolved(&parse(&stand_in.tag)?, &info))
    }

    /// The engine's image of this stand-in, if it was made by the recipe as it is now.
    async fn current_stand_in(&self, stand_in: &StandIn) -> Result<Option<ImageInfo>, Error> {
        let info = self.engine.image(&stand_in.tag).await?;
        let version = stand_in.version.to_string();
        Ok(info.filter(|info| info.labels.get(VERSION_LABEL) == Some(&version)))
    }

    async fn make_stand_in(&self, image: &Image, stand_in: &StandIn) -> Result<ImageInfo, Error> {
        let tag = &stand_in.tag;
        let (name, why) = match (image.is_made(), self.options.stand_ins) {
            (true, _) => (format!("making {tag}"), format!("making {tag}, {}", stand_in.differs)),
            (false, StandIns::Only) => {
                (format!("making {tag}"), format!("making {tag} in place of {}", image.name()))
            }
            (false, _) => (
                format!("making {tag}"),
                format!("the registry of {} cannot be reached: making {tag} in its place", image.name()),
            ),
        };
        self.events.notice(why);
        let changes = changes(image.name(), stand_in);
        match &stand_in.recipe {
            Recipe::Pipeline(container) => {
                // Under a name of this run's own until it is complete, so that nobody takes half of it
                // and two first runs do not meet.
                let raw = format!("{}-{}", stand_in.tag, uuid::Uuid::new_v4().simple());
                self.export_image(&name, container, &raw).await?;
                self.stack.take_lease().await;
                let owner = self.stack.identity.labels("stand-in");
                let labelled = self.engine.label(&raw, &stand_in.tag, &changes, &owner).await;
                self.engine.remove_image(&raw).await?;
                labelled?;
            }
            Recipe::RootFs(make) => {
                let dir = std::env::temp_dir();
                let path = dir.join(format!("xtask-{}.tar", uuid::Uuid::new_v4().simple()));
                let remove = RemoveFile(path.clone());
                let make = Arc::clone(make);
                let archive = path.clone();
                tokio::task::spawn_blocking(move || make(&archive))
                    .await
                    .map_err(|error| Error::Machine(format!("{name}: {error}")))?
                    .map_err(Error::Machine)?;
                let file = tokio::fs::File::open(&path)
                    .await
                    .map_err(|error| Error::Machine(format!("cannot read {}: {error}", path.display())))?;
                drop(remove); // what is open can still be read, and nothing is left when we are killed
                self.engine.import_rootfs(&stand_in.tag, &changes, file).await?;
            }
        }
        let made = self.engine.image(&stand_in.tag).await?;
        made.ok_or_else(|| {
            Error::Image(format!("{name}: the engine has no {} after making it", stand_in.tag))
        })
    }
}

/// A file that is removed whatever happens.
struct RemoveFile(std::path::PathBuf);

impl Drop for RemoveFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn parse(name: &str) -> Result<ImageReference, Error> {
    name.parse().map_err(|error| Error::Usage(format!("{error}")))
}

fn resolved(reference: &ImageReference, info: &ImageInfo) -> ResolvedImage {
    let config = ImageConfig {
        env: info.env.clone(),
        workdir: info.workdir.clone(),
        user: info.user.clone(),
        entrypoint: info.entrypoint.clone(),
        cmd: info.cmd.clone(),
        stop_signal: info.stop_signal.clone(),
        healthcheck: info.healthcheck.clone(),
    };
    ResolvedImage { reference: reference.full(), config }
}

fn changes(name: &str, stand_in: &StandIn) -> ImageChanges {
    let labels = [
        (FOR_LABEL, name.to_owned()),
        (DIFFERS_LABEL, stand_in.differs.clone()),
        (VERSION_LABEL, stand_in.version.to_string()),
    ];
    ImageChanges {
        labels: labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        env: stand_in.config.variables().collect(),
        workdir: Some(stand_in.config.workdir.clone()).filter(|workdir| !workdir.is_empty()),
        user: Some(stand_in.config.user.clone()).filter(|user| !user.is_empty()),
        entrypoint: Some(stand_in.config.entrypoint.clone()).filter(|words| !words.is_empty()),
        cmd: Some(stand_in.config.cmd.clone()).filter(|words| !words.is_empty()),
        stop_signal: Some(stand_in.config.stop_signal.clone()).filter(|signal| !signal.is_empty()),
    }
}
