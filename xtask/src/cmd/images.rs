//! `cargo xtask images`.

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use tokio::task::JoinSet;
use xtask_engine::docker::Engine;
use xtask_engine::pipeline::Image;
use xtask_engine::{Session, bytes};

use super::doctor::engine::{Presence, presence};
use crate::context::Context;
use crate::host::Usage;
use crate::images::{self, Part};

/// The images that the application needs, and whether the engine has them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask images                        which there are, which the engine has
  cargo xtask images prepare                get all of them ahead
  cargo xtask images prepare database       one of them")]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Pull them, or make their stand-ins, in parallel; all of them without a NAME
    Prepare {
        /// The part of the application that needs it
        #[arg(value_name = "NAME", value_enum)]
        parts: Vec<Part>,
    },
}

/// Runs it.
///
/// # Errors
/// `Usage` if an image is named that the application does not need.
pub async fn run(Args { action }: Args, context: &Context) -> anyhow::Result<()> {
    let mut images = images::all(Some(&context.project()?), &context.images)?;
    let session = Arc::new(context.session().await?);
    let prepared = match action {
        None => Ok(()),
        Some(Action::Prepare { parts }) => {
            for part in &parts {
                if !images.iter().any(|(known, _)| known == part) {
                    return Err(not_needed(*part).into());
                }
            }
            images.retain(|(part, _)| parts.is_empty() || parts.contains(part));
            prepare(&session, &images).await
        }
    };
    for (part, image) in &images {
        context.events.output(row(*part, image, state(session.engine(), image).await));
    }
    prepared
}

/// Of the parts only the browser's image depends on the repository.
fn not_needed(part: Part) -> Usage {
    Usage(format!("this repository needs no image for {part}; `cargo xtask images` lists what it needs"))
}

/// All at the same time; one that fails does not stop the others.
async fn prepare(session: &Arc<Session>, images: &[(Part, Image)]) -> anyhow::Result<()> {
    let mut preparing = JoinSet::new();
    for (_, image) in images {
        let (session, image) = (session.clone(), image.clone());
        preparing.spawn(async move { session.prepare_image(&image).await });
    }
    let mut failure = None;
    while let Some(prepared) = preparing.join_next().await {
        if let Err(error) = prepared? {
            failure.get_or_insert(error);
        }
    }
    failure.map_or(Ok(()), |error| Err(error.into()))
}

/// What the engine has of an image, and its bytes.
async fn state(engine: &Engine, image: &Image) -> Option<(Presence, u64)> {
    let presence = presence(engine, image).await?;
    let name = match &presence {
        Presence::Itself => image.name(),
        Presence::StandIn(tag) => tag,
    };
    let size = engine.image(name).await.ok().flatten().map_or(0, |info| info.size);
    Some((presence, size))
}

fn row(part: Part, image: &Image, state: Option<(Presence, u64)>) -> String {
    let parts = Part::value_variants().iter().map(|part| part.name().len()).max().unwrap_or_default();
    let (size, what) = match state {
        None => (String::new(), "not in the engine"),
        Some((Presence::Itself, size)) => (bytes(size), "in the engine"),
        Some((Presence::StandIn(_), size)) => (bytes(size), "its stand-in is in the engine"),
    };
    format!("{part:<parts$}  {size:>8}  {:<40}  {what}", image.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_what_the_engine_has() {
        let stand_in = Presence::StandIn("xtask-stand-in/traefik:v2.9".into());
        let rows = [
            row(Part::Node, &Image::named("node:20-alpine"), Some((Presence::Itself, 135_000_000))),
            row(Part::Traefik, &images::traefik(), Some((stand_in, 267_400_000))),
            row(Part::Playwright, &images::playwright("1.42.1"), None),
        ];
        insta::assert_snapshot!(rows.join("\n"));
    }
}
