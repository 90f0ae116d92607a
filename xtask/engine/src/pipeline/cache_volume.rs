//! Data of a tool that outlives a step (npm's downloads): BuildKit's cache mount.

/// Who may use a cache volume at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sharing {
    /// Any number of steps at once: for tools that lock for themselves, as npm does.
    #[default]
    Shared,
    /// A step that finds it in use gets a fresh one.
    Private,
    /// One step after the other.
    Locked,
}

/// A cache volume, the same for everyone who names it. It is not part of a result: a step must
/// work with an empty one too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheVolume {
    pub(crate) name: String,
    pub(crate) sharing: Sharing,
}

impl CacheVolume {
    /// The volume of this name, shared.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), sharing: Sharing::default() }
    }

    /// The same volume with another rule of sharing.
    pub fn with_sharing(mut self, sharing: Sharing) -> Self {
        self.sharing = sharing;
        self
    }
}
