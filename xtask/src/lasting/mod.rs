//! Stacks that stay: which one a command is about, and the ports by which it is reached.

pub mod command;
pub mod follow;
pub mod kept;
pub mod lines;
pub mod parts;
mod place;
pub mod ports;
mod watch;

pub use kept::Kept;
pub use parts::Parts;
pub use place::Place;
pub use watch::Watch;

use std::path::Path;

use xtask_engine::session::Prefix;
use xtask_engine::{Error, Session};

use crate::context::Context;
use crate::project::Project;

/// Another checkout than `ours` whose stack one is, as its folder. One that was moved or removed asks for
/// it no more.
///
/// # Errors
/// If the engine is gone.
pub async fn other_owner(session: &Session, prefix: &Prefix, ours: &str) -> Result<Option<String>, Error> {
    let owner = session.stack_owner(prefix).await?;
    Ok(owner.filter(|owner| owner != ours && Path::new(owner).exists()))
}

/// Which stack a command is about.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Named {
    /// The stack's name, which tells it from others [default: the name of the checkout's folder]
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<Prefix>,
}

impl Named {
    /// Its prefix.
    ///
    /// # Errors
    /// If nobody named one and there is no checkout.
    pub fn prefix(&self, context: &Context) -> anyhow::Result<Prefix> {
        match &self.prefix {
            Some(prefix) => Ok(prefix.clone()),
            None => Ok(own(&context.project()?)),
        }
    }

    /// Its prefix, in a checkout.
    pub fn prefix_in(&self, project: &Project) -> Prefix {
        self.prefix.clone().unwrap_or_else(|| own(project))
    }

    /// How it is named in a command that is about the same stack.
    pub fn option(&self) -> String {
        self.prefix.as_ref().map(|prefix| format!(" --prefix {prefix}")).unwrap_or_default()
    }

    /// Whether somebody named it.
    pub fn is_named(&self) -> bool {
        self.prefix.is_some()
    }

    /// Whether it is another stack than the checkout's own.
    pub fn is_second(&self, context: &Context) -> anyhow::Result<bool> {
        Ok(self.prefix.is_some() && self.prefix(context)? != own(&context.project()?))
    }
}

/// That of the checkout.
fn own(project: &Project) -> Prefix {
    let root = project.root().canonicalize().unwrap_or_else(|_| project.root().to_path_buf());
    Prefix::of_folder(&root.file_name().unwrap_or_default().to_string_lossy())
}
