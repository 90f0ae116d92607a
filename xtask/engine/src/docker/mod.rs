//! The container engine: finding it, speaking to it, its images.
//!
//! One [`Endpoint`] opens byte streams to an engine, however it is reached; bollard's requests and
//! BuildKit's upgraded connections both go through it. Nothing here knows of pipelines or services.

mod client;
mod connect;
mod container;
mod context;
mod credential_helper;
mod credentials;
mod discover;
mod endpoint;
mod environment;
mod error;
mod exec;
mod gone;
mod http;
mod image;
mod import;
mod label;
mod network;
mod owned;
mod process;
mod pull;
mod pull_error;
mod pulse;
mod reference;
mod stack;
mod transport;
mod upgrade;

pub use client::{Engine, EngineInfo};
pub use connect::{BoxStream, Stream};
pub use container::{Ended, Executed, Output};
pub use credentials::{Credentials, CredentialsError};
pub use discover::{Found, FoundBy, discover};
pub use endpoint::{Endpoint, EndpointError};
pub use environment::Environment;
pub use error::{EngineError, OpenFailure};
pub use exec::{Command, CommandOptions, LogOptions, Printed, PrintedStream};
pub(crate) use image::refused;
pub use image::{ImageInfo, Labels};
pub use import::ImageChanges;
pub(crate) use owned::of_session;
pub use owned::{
    DEFINITION_LABEL, HOST_LABEL, IMAGE_LABEL, KIND_LABEL, OWNER_LABEL, Owned, OwnedKind, PART_LABEL,
    PREFIX_LABEL, PURPOSE_LABEL, READINESS_LABEL, SESSION_LABEL, STAND_IN_LABEL, TASK_LABEL, UP_LABEL,
};
pub use pull::PullProgress;
pub use pull_error::PullError;
pub use reference::{ImageReference, ReferenceError};
pub use stack::{PublishedPort, StackContainer, Usage};
pub use upgrade::UpgradeError;
