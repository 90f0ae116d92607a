//! Images of services: what a pipeline makes is put into the engine once per content, under the
//! digest of its last operation, and old ones go.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bollard::query_parameters::ListImagesOptionsBuilder;
use tokio::sync::OnceCell;

use super::Session;
use crate::Error;
use crate::buildkit::{Exporter, IMAGE_NAME};
use crate::event::Event;
use crate::llb::Target;
use crate::pipeline::{Fs, FsNode, ImageConfig};

/// The first part of the names of these images.
pub(super) const REPOSITORY: &str = "xtask";
/// Images of one name that are kept, the latest first: an edit that is taken back costs nothing.
const KEPT: usize = 4;
/// One that was tagged so recently may be about to become a container's.
const RECENT: Duration = Duration::from_secs(600);

/// An image in the engine, and what is said of the containers made from it.
#[derive(Debug, Clone)]
pub(super) struct ServiceImage {
    pub(super) id: String,
    pub(super) config: ImageConfig,
}

/// Images by the address of what they hold, which is held, too, so that the address stays its own.
pub(super) type ServiceImages = HashMap<usize, (Fs, Arc<OnceCell<ServiceImage>>)>;

impl Session {
    /// The image of `fs`, in the engine; made once in a session. `name` is what the pipeline that
    /// makes it is called.
    pub(super) async fn service_image(&self, name: &str, fs: &Fs) -> Result<ServiceImage, Error> {
        let cell = {
            let mut images = self.service_images.lock().await;
            images.entry(Arc::as_ptr(&fs.0).addr()).or_insert_with(|| (fs.clone(), Arc::default())).1.clone()
        };
        cell.get_or_try_init(async || self.make_service_image(name, fs).await).await.cloned()
    }

    async fn make_service_image(&self, name: &str, fs: &Fs) -> Result<ServiceImage, Error> {
        let of_image = async |fs: &Fs| match &*fs.0 {
            FsNode::Image(image) => Ok::<_, Error>(Some(self.resolve_image(image).await?)),
            _ => Ok(None),
        };
        if let Some(resolved) = self.in_time(name, of_image(fs)).await? {
            return Ok(ServiceImage { id: resolved.reference, config: resolved.config });
        }
        let exporter = Exporter::Digest(format!("{REPOSITORY}/{name}"));
        let id = self
            .pipeline(name, async |told| {
                let solved = self.solve(name, Target::Fs(fs), exporter, None, false, told).await?;
                if told.counts.ran > 0 {
                    self.new_images.lock().await.insert(name.to_owned());
                }
                let said = |key: &str| solved.exporter_response.get(key).cloned().unwrap_or_default();
                let (pipeline, image) = (name.to_owned(), said(IMAGE_NAME));
                self.events.emit(Event::ImageExported { pipeline, image });
                Ok(said("containerimage.digest"))
            })
            .await?;
        // Resolved by now, since it was needed for the export.
        let bottom = of_image(fs.bottom()).await?;
        Ok(ServiceImage { id, config: bottom.map(|resolved| resolved.config).unwrap_or_default() })
    }

    /// Removes images that services had in earlier runs. One that a container uses stays, and so does
    /// one that somebody asked for a moment ago; that something could not be removed is not worth a
    /// word.
    pub(super) async fn forget_old_images(&self) {
        let names = std::mem::take(&mut *self.new_images.lock().await);
        for name in names {
            let filters = HashMap::from([("reference".to_owned(), vec![format!("{REPOSITORY}/{name}")])]);
            let options = ListImagesOptionsBuilder::default().filters(&filters).build();
            let Ok(mut images) = self.engine.docker().list_images(Some(options)).await else { return };
            images.sort_by_key(|image| std::cmp::Reverse(image.created));
            for tag in images.iter().skip(KEPT).flat_map(|image| &image.repo_tags) {
                if self.engine.tagged_before(tag, RECENT).await.unwrap_or(false) {
                    let _ = self.engine.remove_image(tag).await;
                }
            }
        }
    }
}
