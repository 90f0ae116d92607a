//! What the application is made of, one file a part: how it is built, tested, and later run.

pub mod crux;
pub mod crux_ui;
pub mod database_url;
pub mod environment;
mod node;

pub use node::UnitTests;
