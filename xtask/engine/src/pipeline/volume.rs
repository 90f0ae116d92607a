//! Data of a service that outlives its container: a volume of the engine's.

/// How long a volume is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifetime {
    /// As long as the session that first used it.
    Session,
    /// Until somebody removes it (`cargo xtask clean --volumes`).
    Kept,
}

/// A volume. One that is kept belongs to its owner (a checkout, a prefix), so that two checkouts
/// never meet in one, and is used by one session at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Volume {
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) lifetime: Lifetime,
}

impl Volume {
    /// An empty volume that dies with the session.
    pub fn of_session(name: impl Into<String>) -> Self {
        Self { name: name.into(), owner: String::new(), lifetime: Lifetime::Session }
    }

    /// A volume that is kept for `owner`: whatever tells one user of it from another, such as the
    /// path of a checkout.
    pub fn kept(name: impl Into<String>, owner: impl Into<String>) -> Self {
        Self { name: name.into(), owner: owner.into(), lifetime: Lifetime::Kept }
    }
}
