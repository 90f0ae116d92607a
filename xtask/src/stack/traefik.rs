//! Traefik, the one door. It routes by a file, so that it needs no engine's socket.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use xtask_engine::pipeline::{Container, Readiness, Service};
use xtask_engine::session::Router;

use super::Setting;
use super::address::{CRUX, CRUX_UI, CRUX_UI_PORT, KRATOS, TRAEFIK, TRAEFIK_PORT, WEB_PORT};
use crate::images::{self, Part};

/// Where its routes are.
const ROUTES: &str = "/etc/traefik/routes.yaml";

/// Who gets what. The names are those of the network; whoever is not there yet gives 502, so it
/// waits for nobody.
const CONFIG: &str = include_str!("traefik/routes.yaml");

/// What of it is a host: by the part, whose name it is unless another container takes its place.
const HOSTS: [(&str, &str); 3] = [(CRUX, "CRUX"), (CRUX_UI, "CRUX_UI"), (KRATOS, "KRATOS")];

/// It can be started first: it names all, and needs none.
pub fn service(setting: &Setting) -> Service {
    let routes = routes(setting.crux_ports, &BTreeMap::new());
    let file = format!("--providers.file.filename={ROUTES}");
    let web = format!("--entrypoints.web.address=:{WEB_PORT}");
    let args = [
        "traefik",
        &web,
        &file,
        "--ping=true",
        "--api.insecure=true",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=INFO",
    ];
    // In a stack that stays, parts are replaced behind it.
    let watch: &[&str] = match setting.lasting {
        Some(_) => &["--providers.file.watch=true", "--providers.providersthrottleduration=100ms"],
        None => &["--providers.file.watch=false"],
    };
    Container::from(setting.images.image(Part::Traefik, images::traefik))
        .with_new_file(ROUTES, &routes)
        .with_default_args(args.into_iter().chain(watch.iter().copied()))
        .with_exposed_port(WEB_PORT)
        .with_exposed_port(TRAEFIK_PORT)
        .as_service(TRAEFIK)
        .with_readiness(Readiness::http(TRAEFIK_PORT, "/ping"))
}

/// It as who passes requests on, while parts behind it are replaced.
pub fn router(setting: &Setting) -> Router {
    let ports = setting.crux_ports;
    let shows = move |part: &str, host: &str| {
        let port = if part == CRUX { ports[0] } else { CRUX_UI_PORT };
        let status = format!("{{\"http://{host}:{port}\":\"UP\"}}");
        Readiness::http_json(TRAEFIK_PORT, format!("/api/http/services/{part}@file"), "serverStatus", status)
    };
    Router {
        service: TRAEFIK.to_owned(),
        behind: BTreeSet::from([CRUX.to_owned(), CRUX_UI.to_owned()]),
        file: ROUTES.to_owned(),
        routes: Arc::new(move |hosts| routes(ports, hosts)),
        shows: Arc::new(shows),
    }
}

/// The file of routes, where some parts are at other hosts.
fn routes([rest, agents]: [u16; 2], hosts: &BTreeMap<String, String>) -> String {
    let mut routes = CONFIG.to_owned();
    for (part, word) in HOSTS {
        let host = hosts.get(part).map_or(part, String::as_str);
        routes = routes.replace(&format!("{{{word}}}"), host);
    }
    routes.replace("{REST}", &rest.to_string()).replace("{AGENTS}", &agents.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_lead_to_parts_by_their_names_or_to_who_takes_their_place() {
        let urls = |hosts: &BTreeMap<String, String>| -> Vec<String> {
            let routes = routes([1848, 5000], hosts);
            routes
                .lines()
                .filter_map(|line| Some(line.split('"').nth(1)?.to_owned()))
                .filter(|url| url.contains("://"))
                .collect()
        };
        let own = ["h2c://crux:5000", "http://crux:1848", "http://kratos:4433", "http://crux-ui:3000"];
        assert_eq!(urls(&BTreeMap::new()), own);
        let other = urls(&[("crux".to_owned(), "crux-0a1b".to_owned())].into());
        assert_eq!(other[..2], ["h2c://crux-0a1b:5000", "http://crux-0a1b:1848"]);
        assert_eq!(other[2..], own[2..]);
    }
}
