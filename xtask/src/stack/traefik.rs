//! Traefik, the one door. It routes by a file, so that it needs no engine's socket.

use std::sync::Arc;

use xtask_engine::pipeline::{Container, Readiness, Service};
use xtask_engine::session::Router;

use super::Setting;
use super::address::{CRUX, CRUX_UI, TRAEFIK, TRAEFIK_PORT, WEB_PORT};
use crate::images::{self, Part};

/// Where its routes are: all files in it.
const ROUTES: &str = "/etc/traefik/routes";
/// Who gets what. The names are those of the network; whoever is not there yet gives 502, so it
/// waits for nobody.
const CONFIG: &str = include_str!("traefik/routes.yaml");
/// The parts that can be at other hosts for a moment, with a file that leads there while it is there:
/// no moment of its being written has a route less than [`CONFIG`].
const STAND_BY: [(&str, &str); 2] =
    [(CRUX, include_str!("traefik/crux.yaml")), (CRUX_UI, include_str!("traefik/crux-ui.yaml"))];

/// It can be started first: it names all, and needs none.
pub fn service(setting: &Setting) -> Service {
    let folder = format!("--providers.file.directory={ROUTES}");
    let web = format!("--entrypoints.web.address=:{WEB_PORT}");
    let args = [
        "traefik",
        &web,
        &folder,
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
        .with_new_file(&format!("{ROUTES}/routes.yaml"), with_ports(CONFIG, Ports::of(setting)))
        .with_default_args(args.into_iter().chain(watch.iter().copied()))
        .with_exposed_port(WEB_PORT)
        .with_exposed_port(TRAEFIK_PORT)
        .as_service(TRAEFIK)
        .with_readiness(Readiness::http(TRAEFIK_PORT, "/ping"))
}

/// It as who passes requests on, while parts behind it are replaced.
pub fn router(setting: &Setting) -> Router {
    let ports = Ports::of(setting);
    let shows = move |part: &str, host: &str| {
        let port = if part == CRUX { ports.rest } else { ports.ui };
        let status = format!("{{\"http://{host}:{port}\":\"UP\"}}");
        Readiness::http_json(
            TRAEFIK_PORT,
            format!("/api/http/services/{part}-stand-by@file"),
            "serverStatus",
            status,
        )
    };
    Router {
        service: TRAEFIK.to_owned(),
        behind: STAND_BY.map(|(part, _)| part.to_owned()).into(),
        route: Arc::new(move |part, host| route(ports, part, host)),
        shows: Arc::new(shows),
    }
}

/// The file that leads to a part at a host, and its text.
fn route(ports: Ports, part: &str, host: &str) -> (String, String) {
    let file = STAND_BY.into_iter().find_map(|(known, file)| (known == part).then_some(file));
    let text = with_ports(file.unwrap_or_default(), ports).replace("{HOST}", host);
    (format!("{ROUTES}/{part}.yaml"), text)
}

/// Where parts listen that can be told where.
#[derive(Clone, Copy)]
struct Ports {
    rest: u16,
    agents: u16,
    ui: u16,
}

impl Ports {
    fn of(setting: &Setting) -> Self {
        let [rest, agents] = setting.crux_ports;
        Self { rest, agents, ui: setting.crux_ui_port }
    }
}

fn with_ports(file: &str, Ports { rest, agents, ui }: Ports) -> String {
    let ports = [("{REST}", rest), ("{AGENTS}", agents), ("{UI}", ui)];
    ports.iter().fold(file.to_owned(), |file, (word, port)| file.replace(word, &port.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules with their priorities.
    fn rules(file: &str) -> Vec<(&str, u32)> {
        let mut rules: Vec<(&str, u32)> = Vec::new();
        for line in file.lines().map(str::trim) {
            if let Some(rule) = line.strip_prefix("rule: ") {
                rules.push((rule, 0));
            } else if let Some(priority) = line.strip_prefix("priority: ") {
                rules.last_mut().unwrap().1 = priority.parse().unwrap();
            }
        }
        rules
    }

    #[test]
    fn routes_lead_to_parts_by_their_names_or_to_who_takes_their_place() {
        let urls = |text: &str| -> Vec<String> {
            let quoted = text.lines().filter_map(|line| Some(line.split('"').nth(1)?.to_owned()));
            quoted.filter(|url| url.contains("://")).collect()
        };
        let ports = Ports { rest: 1849, agents: 5001, ui: 3001 };
        let own = ["h2c://crux:5001", "http://crux:1849", "http://kratos:4433", "http://crux-ui:3001"];
        assert_eq!(urls(&with_ports(CONFIG, ports)), own);
        let (file, text) = route(ports, CRUX, "crux-0a1b");
        assert_eq!(
            (&*file, urls(&text)),
            (
                "/etc/traefik/routes/crux.yaml",
                vec!["h2c://crux-0a1b:5001".to_owned(), "http://crux-0a1b:1849".to_owned()]
            )
        );
        assert_eq!(urls(&route(ports, CRUX_UI, "other").1), ["http://other:3001"]);
    }

    #[test]
    fn who_stands_by_takes_just_the_requests_of_the_part() {
        let of_all = rules(CONFIG);
        for (part, file) in STAND_BY {
            let ours = rules(file);
            assert!(!ours.is_empty(), "{part}");
            for (rule, priority) in ours {
                assert!(of_all.contains(&(rule, priority - 1)), "{part}: {rule} {priority}");
            }
        }
        let count: usize = STAND_BY.iter().map(|(_, file)| rules(file).len()).sum();
        assert_eq!(count + 1, of_all.len(), "kratos alone is never replaced so");
    }
}
