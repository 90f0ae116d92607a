//! The base images of the application's parts, one file an image; each with its recipe for machines
//! without a registry.

mod base;
mod kratos;
mod mail;
mod node;
mod part;
mod playwright;
mod postgres;
mod traefik;

pub use base::prober;
pub use kratos::kratos;
pub use mail::mail;
pub use node::node;
pub use part::{Override, Overrides, Part, all};
pub use playwright::playwright;
pub use postgres::postgres;
pub use traefik::traefik;
