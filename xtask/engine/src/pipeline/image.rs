//! Base images, and what stands in for them where no registry can be reached.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::Container;

/// An image by its name, optionally with a stand-in for machines without a registry.
#[derive(Debug, Clone)]
pub struct Image {
    name: String,
    stand_in: Option<Arc<StandIn>>,
    made: bool,
}

impl Image {
    /// The image of this name, as `docker pull` takes it.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), stand_in: None, made: false }
    }

    /// An image that no registry has: it is always made, by this recipe, under the recipe's tag.
    pub fn made(recipe: StandIn) -> Self {
        Self { name: recipe.tag.clone(), stand_in: Some(Arc::new(recipe)), made: true }
    }

    /// The same image; where its registry cannot be reached, `stand_in` takes its place.
    pub fn with_stand_in(mut self, stand_in: StandIn) -> Self {
        self.stand_in = Some(Arc::new(stand_in));
        self
    }

    /// Its name, as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether no registry has it.
    pub fn is_made(&self) -> bool {
        self.made
    }

    /// What stands in for it, if anything does.
    pub fn stand_in(&self) -> Option<&StandIn> {
        self.stand_in.as_deref()
    }
}

impl<S: Into<String>> From<S> for Image {
    fn from(name: S) -> Self {
        Self::named(name)
    }
}

/// A recipe for an image that takes another's place, and says so.
#[derive(Debug)]
pub struct StandIn {
    /// The tag it gets, never the tag of what it stands in for.
    pub tag: String,
    /// Changes whenever the recipe does: an image of another version is made anew.
    pub version: u32,
    /// How it differs from the image that it stands in for, in a few words for people.
    pub differs: String,
    /// Its configuration.
    pub config: ImageConfig,
    /// How it is made.
    pub recipe: Recipe,
}

/// How a stand-in is made.
pub enum Recipe {
    /// By a pipeline.
    Pipeline(Container),
    /// From the archive of a root file system.
    RootFs(RootFs),
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipeline(_) => f.write_str("Pipeline"),
            Self::RootFs(_) => f.write_str("RootFs"),
        }
    }
}

/// Makes a tar archive of a root file system at the path it is given. Runs on a thread that may
/// block; the error is one sentence for the user.
pub type RootFs = Arc<dyn Fn(&PathBuf) -> Result<(), String> + Send + Sync>;

/// What an image says about the containers made from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// `NAME=value`.
    pub env: Vec<String>,
    /// The working directory; empty for `/`.
    pub workdir: String,
    /// The user; empty for root.
    pub user: String,
    /// The entry point; may be empty.
    pub entrypoint: Vec<String>,
    /// The command, or the entry point's arguments; may be empty.
    pub cmd: Vec<String>,
    /// The signal that asks its main process to end, like `SIGINT`; empty for `SIGTERM`.
    pub stop_signal: String,
    /// How the engine finds out whether a container of it is well.
    pub healthcheck: Option<Healthcheck>,
}

impl ImageConfig {
    /// One that says nothing.
    pub(crate) const EMPTY: Self = Self {
        env: Vec::new(),
        workdir: String::new(),
        user: String::new(),
        entrypoint: Vec::new(),
        cmd: Vec::new(),
        stop_signal: String::new(),
        healthcheck: None,
    };

    /// Its variables, by name and value.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let pair =
            |line: &String| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.env.iter().filter_map(pair)
    }
}

/// An image's `HEALTHCHECK`, as the engine has it: moby, `api/types/container/config.go`,
/// `HealthConfig`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Healthcheck {
    /// `["CMD", …]`, `["CMD-SHELL", …]` or `["NONE"]`.
    pub test: Vec<String>,
    /// Nanoseconds between two checks; 0 for the engine's default.
    pub interval: i64,
    /// Nanoseconds that one may take; 0 for the engine's default.
    pub timeout: i64,
    /// Nanoseconds in which failures do not count; 0 for the engine's default.
    pub start_period: i64,
    /// Failures in a row that make it unhealthy; 0 for the engine's default.
    pub retries: i64,
}
