//! Pipelines as values: immutable, cheap to clone, lazy. Nothing here does IO; a value says what
//! should be, the session makes it so.
//!
//! Mistakes in a value (a relative path without a working directory) are kept in it, with the
//! caller's place, and reported when it is used.

mod cache_volume;
mod container;
mod directory;
mod error;
mod image;
mod name;
mod path;
mod readiness;
mod secret;
mod service;
mod test;
mod volume;

pub use cache_volume::{CacheVolume, Sharing};
pub use container::{Container, Network};
pub use directory::{Directory, File, HostDirectory};
pub use error::PipelineError;
pub use image::{Healthcheck, Image, ImageConfig, Recipe, RootFs, StandIn};
pub use name::ServiceName;
pub use path::ContainerPath;
pub use readiness::Readiness;
pub use secret::{Secret, SecretSource};
pub use service::Service;
pub use test::{RESULTS_DIR, RESULTS_VARIABLE, Test};
pub use volume::{Lifetime, Volume};

pub(crate) use container::{Config, MountSource};
pub(crate) use directory::DirectorySource;
pub(crate) use name::LOCALHOST;
pub(crate) use service::Binding;
pub(crate) use test::TestParts;

use std::sync::Arc;

/// A file system in the engine: the chain of operations that makes it. Shared, never changed.
#[derive(Debug, Clone)]
pub(crate) struct Fs(pub(crate) Arc<FsNode>);

/// One operation on a file system.
#[derive(Debug)]
pub(crate) enum FsNode {
    /// Nothing at all.
    Scratch,
    /// The file system of an image.
    Image(Image),
    /// Files copied in.
    Copy { base: Fs, source: DirectorySource, path: ContainerPath, what: CopyWhat, dest: ContainerPath },
    /// A small file written.
    NewFile { base: Fs, path: ContainerPath, contents: Arc<[u8]>, mode: u32 },
    /// A command run.
    Exec { base: Fs, args: Vec<String>, config: Arc<Config> },
    /// A command whose failure is a result.
    Test { base: Fs, name: String, args: Vec<String>, config: Arc<Config> },
}

/// What a copy takes from its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyWhat {
    /// The contents of a directory.
    Contents,
    /// One file, under the name of the destination.
    File,
}

impl Fs {
    pub(crate) fn new(node: FsNode) -> Self {
        Self(Arc::new(node))
    }

    /// What it all rests on: an image, or nothing.
    pub(crate) fn bottom(&self) -> &Self {
        match &*self.0 {
            FsNode::Scratch | FsNode::Image(_) => self,
            FsNode::Copy { base, .. }
            | FsNode::NewFile { base, .. }
            | FsNode::Exec { base, .. }
            | FsNode::Test { base, .. } => base.bottom(),
        }
    }
}
