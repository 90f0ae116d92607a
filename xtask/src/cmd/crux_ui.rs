//! `cargo xtask crux-ui`.

use crate::context::Context;
use crate::stack::{self, Setting, crux_ui};

/// The frontend in production mode; its output until Ctrl-C
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: cargo xtask crux-ui --image-tag 0.15.4 (the published image instead of the sources)"
)]
pub struct Args {
    /// Run the application's published image of this tag, not its sources
    #[arg(long, value_name = "TAG")]
    image_tag: Option<String>,
}

/// Runs it.
pub async fn run(Args { image_tag }: Args, context: &Context) -> anyhow::Result<()> {
    let setting = Setting::read(context.project()?, context.images.clone(), image_tag, &context.events)?;
    let crux_ui = crux_ui::service(&setting)?;
    super::serve(context, &crux_ui, &[stack::CRUX_UI], stack::CRUX_UI_PORT).await
}
