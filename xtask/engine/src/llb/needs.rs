//! What a pipeline needs from outside before it can be lowered: images, directories, secrets.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::pipeline::{DirectorySource, Fs, FsNode, HostDirectory, Image, MountSource, Secret};

/// All that a pipeline names.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Images by name.
    pub(crate) images: BTreeMap<String, Image>,
    pub(crate) directories: BTreeSet<HostDirectory>,
    pub(crate) secrets: BTreeSet<Secret>,
    /// Addresses of nodes that were visited.
    seen: HashSet<usize>,
}

impl Needs {
    /// Of the file system `fs` and all that leads to it.
    pub(crate) fn of(fs: &Fs) -> Self {
        let mut needs = Self::default();
        needs.visit(fs);
        needs
    }

    /// Of a directory.
    pub(crate) fn of_source(source: &DirectorySource) -> Self {
        let mut needs = Self::default();
        needs.source(source);
        needs
    }

    fn visit(&mut self, fs: &Fs) {
        if !self.seen.insert(Arc::as_ptr(&fs.0).addr()) {
            return;
        }
        match &*fs.0 {
            FsNode::Scratch => {}
            FsNode::Image(image) => {
                self.images.insert(image.name().to_owned(), image.clone());
            }
            FsNode::Copy { base, source, .. } => {
                self.visit(base);
                self.source(source);
            }
            FsNode::NewFile { base, .. } => self.visit(base),
            FsNode::Exec { base, config, .. } | FsNode::Test { base, config, .. } => {
                self.visit(base);
                for mount in &config.mounts {
                    match &mount.source {
                        MountSource::Cache(_) => {}
                        MountSource::Secret(secret) => {
                            self.secrets.insert(secret.clone());
                        }
                        MountSource::Directory(source, _) => self.source(source),
                    }
                }
                self.secrets.extend(config.secret_variables.iter().map(|variable| variable.secret.clone()));
            }
        }
    }

    fn source(&mut self, source: &DirectorySource) {
        match source {
            DirectorySource::Host(directory) => {
                self.directories.insert(directory.clone());
            }
            DirectorySource::Fs(fs) => self.visit(fs),
        }
    }
}
