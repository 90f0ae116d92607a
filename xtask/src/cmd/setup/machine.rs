//! This machine, seen through the engine's library.

use anyhow::Result;
use xtask_engine::pipeline::Image;

use super::plan::{EngineState, StandIns};
use crate::cmd::doctor;
use crate::context::Context;
use crate::images;

/// This machine.
pub(super) struct This<'a> {
    /// What the command line says of the engine and the stand-ins.
    pub(super) context: &'a Context,
}

impl super::Machine for This<'_> {
    async fn engine(&self) -> EngineState {
        EngineState::find(self.context.global.engine.as_deref()).await
    }

    async fn stand_ins(&self) -> Result<StandIns> {
        let images: Vec<Image> =
            images::all().into_iter().filter(|image| image.stand_in().is_some()).collect();
        if images.is_empty() || !self.context.allows_stand_ins() {
            return Ok(StandIns::None);
        }
        let names = |images: &[Image]| images.iter().map(|image| image.name().to_owned()).collect();
        let Ok((engine, _)) = doctor::engine::connect(self.context.global.engine.as_deref()).await else {
            return Ok(StandIns::IfNoRegistry(names(&images)));
        };
        let mut needed = Vec::new();
        for image in images {
            // What the engine has, it needs no registry for.
            if doctor::engine::presence(&engine, &image).await.is_none() {
                needed.push(image);
            }
        }
        let Some(first) = needed.first() else { return Ok(StandIns::None) };
        match doctor::engine::registry_answers(&engine, first.name()).await {
            doctor::engine::Answer::Unreachable(_) => Ok(StandIns::Needed(names(&needed))),
            _ => Ok(StandIns::None),
        }
    }

    async fn prepare_stand_ins(&self) -> Result<()> {
        let session = self.context.session().await?;
        for image in images::all().iter().filter(|image| image.stand_in().is_some()) {
            session.prepare_image(image).await?;
        }
        Ok(())
    }
}
