//! `cargo xtask crux`.

use crate::context::Context;
use crate::stack::{self, Setting, crux, database};

/// crux in production mode with its PostgreSQL, data kept; its log until Ctrl-C
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask crux --image-tag 0.15.4                      the published image instead of the sources
  cargo xtask crux --image database=postgres:16-alpine     another database; `clean --volumes` empties it")]
pub struct Args {
    /// Run the application's published image of this tag, not its sources
    #[arg(long, value_name = "TAG")]
    image_tag: Option<String>,
}

/// Runs it.
pub async fn run(Args { image_tag }: Args, context: &Context) -> anyhow::Result<()> {
    let setting = Setting::read(context.project()?, context.images.clone(), image_tag, &context.events)?;
    let data = database::kept(&setting.repo.identity());
    let database = database::service(&setting, None, data)?;
    let crux = crux::service(&setting, &database, crux::Reach::Localhost)?;
    super::serve(context, &crux, &[stack::CRUX, stack::DATABASE], setting.crux_ports[0]).await
}
