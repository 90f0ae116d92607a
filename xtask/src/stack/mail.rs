//! The mail catcher: what the application sends stays here, for the tests to read.

use xtask_engine::pipeline::{Container, Readiness, Service};

use super::address::{MAIL, MAIL_PORT, MAIL_UI_PORT, SMTP_PORT};
use crate::images::{self, Overrides, Part};

/// It waits for nobody.
pub fn service(images: &Overrides) -> Service {
    Container::from(images.image(Part::Mail, images::mail))
        .with_exposed_port(SMTP_PORT)
        .with_exposed_port(MAIL_UI_PORT)
        .with_exposed_port(MAIL_PORT)
        .as_service(MAIL)
        .with_readiness(Readiness::http(MAIL_PORT, "/mail"))
}
