//! Traefik, the one door. It routes by a file, so that it needs no engine's socket.

use xtask_engine::pipeline::{Container, Readiness, Service};

use super::Setting;
use super::address::{CRUX, TRAEFIK, TRAEFIK_PORT, WEB_PORT};
use crate::images::{self, Part};

/// Where its routes are.
const ROUTES: &str = "/etc/traefik/routes.yaml";

/// Who gets what. The names are those of the network; whoever is not there yet gives 502, so it
/// waits for nobody.
const CONFIG: &str = include_str!("traefik/routes.yaml");

/// It can be started first: it names all, and needs none.
pub fn service(setting: &Setting) -> Service {
    let [rest, agents] = setting.crux_ports.map(|port| format!("{CRUX}:{port}"));
    let routes = CONFIG.replace("CRUX_REST", &rest).replace("CRUX_AGENTS", &agents);
    let file = format!("--providers.file.filename={ROUTES}");
    let web = format!("--entrypoints.web.address=:{WEB_PORT}");
    Container::from(setting.images.image(Part::Traefik, images::traefik))
        .with_new_file(ROUTES, &routes)
        .with_default_args([
            "traefik",
            &web,
            &file,
            "--providers.file.watch=false",
            "--ping=true",
            "--api.insecure=true",
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
            "--log.level=INFO",
        ])
        .with_exposed_port(WEB_PORT)
        .with_exposed_port(TRAEFIK_PORT)
        .as_service(TRAEFIK)
        .with_readiness(Readiness::http(TRAEFIK_PORT, "/ping"))
}
