//! This machine, seen through the engine's library.

use anyhow::Result;
use xtask_engine::pipeline::Image;
use xtask_engine::session::StandIns as Mode;

use super::plan::{EngineState, StandIns};
use crate::cmd::doctor::engine::{Answer, Presence, connect, presence, registry_answers, stand_in_is_there};
use crate::context::Context;
use crate::images;

/// The images without which nothing runs. The others come when a task first needs them.
fn needed() -> Vec<Image> {
    vec![images::node()]
}

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
        let mode = self.context.stand_ins();
        if mode == Mode::Never {
            return Ok(StandIns::None);
        }
        let images = needed();
        let names = |images: &[Image]| images.iter().map(|image| image.name().to_owned()).collect();
        let Ok((engine, _)) = connect(self.context.global.engine.as_deref()).await else {
            return Ok(StandIns::IfNoRegistry(names(&images)));
        };
        let mut needed = Vec::new();
        for image in images {
            let there = match presence(&engine, &image).await {
                // What the engine has, it needs no registry for.
                Some(Presence::Itself) => mode != Mode::Only || stand_in_is_there(&engine, &image).await,
                Some(Presence::StandIn(_)) => true,
                None => false,
            };
            if !there {
                needed.push(image);
            }
        }
        let Some(first) = needed.first() else { return Ok(StandIns::None) };
        if mode == Mode::Only {
            return Ok(StandIns::Needed(names(&needed)));
        }
        match registry_answers(&engine, first.name()).await {
            Answer::Unreachable(_) => Ok(StandIns::Needed(names(&needed))),
            _ => Ok(StandIns::None),
        }
    }

    async fn prepare_stand_ins(&self) -> Result<()> {
        let session = self.context.session().await?;
        for image in needed() {
            session.prepare_image(&image).await?;
        }
        Ok(())
    }
}
