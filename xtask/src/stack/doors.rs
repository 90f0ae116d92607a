//! The ports by which a stack that stays is reached from the host: those that the application
//! documents, by name, and where they are.

use std::str::FromStr;

use super::Setting;
use super::address::{
    CRUX, CRUX_UI, CRUX_UI_PORT, DATABASE, DATABASE_PORT, KRATOS, KRATOS_ADMIN_PORT, KRATOS_PORT, MAIL,
    MAIL_PORT, MAIL_UI_PORT, SMTP_PORT, TRAEFIK, TRAEFIK_PORT, WEB_PORT,
};

/// A port of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// Its name: that of the part, with a word where the part has more than one.
    pub name: &'static str,
    /// The part.
    pub part: &'static str,
    /// The port in the part's container, and unless it is moved on the host.
    pub port: u16,
    /// How its address is written: `http`; nothing where it is `HOST:PORT`.
    pub scheme: &'static str,
    /// What is there.
    pub what: &'static str,
}

/// The one for agents.
pub const AGENTS: &str = "crux-agents";
/// The names of all doors, the most used first.
pub const NAMES: [&str; 12] = [
    TRAEFIK,
    "traefik-dashboard",
    CRUX_UI,
    CRUX,
    AGENTS,
    "crux-metrics",
    KRATOS,
    "kratos-admin",
    MAIL,
    "mail-api",
    "mail-smtp",
    DATABASE,
];

/// All doors of a stack.
pub fn doors(setting: &Setting) -> [Door; 12] {
    let [rest, agents] = setting.crux_ports;
    let all = [
        (TRAEFIK, WEB_PORT, "http", "the product"),
        (TRAEFIK, TRAEFIK_PORT, "http", "Traefik's dashboard"),
        (CRUX_UI, CRUX_UI_PORT, "http", "the frontend"),
        (CRUX, rest, "http", "the backend's REST"),
        (CRUX, agents, "", "the backend's gRPC, for agents"),
        (CRUX, setting.metrics_port, "http", "the backend's metrics"),
        (KRATOS, KRATOS_PORT, "http", "Kratos"),
        (KRATOS, KRATOS_ADMIN_PORT, "http", "Kratos, for administration"),
        (MAIL, MAIL_UI_PORT, "http", "the mail that was sent"),
        (MAIL, MAIL_PORT, "http", "the same, as JSON"),
        (MAIL, SMTP_PORT, "", "SMTPS"),
        (DATABASE, DATABASE_PORT, "", "PostgreSQL"),
    ];
    let mut names = NAMES.into_iter();
    all.map(|(part, port, scheme, what)| Door {
        name: names.next().unwrap_or(part),
        part,
        port,
        scheme,
        what,
    })
}

/// A door moved to another port of the host: `crux=1900`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The door's name.
    pub door: &'static str,
    /// The port on the host.
    pub port: u16,
}

impl FromStr for Moved {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, port) = text.split_once('=').unwrap_or((text, ""));
        let Some(door) = NAMES.into_iter().find(|known| *known == name) else {
            return Err(format!("no port is called {name:?}: there are {}", NAMES.join(", ")));
        };
        match port.parse() {
            Ok(port) if port > 0 => Ok(Self { door, port }),
            _ => Err(format!("{port:?} is no port: write it as {name}=PORT, with a number from 1 to 65535")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_moved_by_the_name_of_its_door() {
        assert_eq!("crux=1900".parse(), Ok(Moved { door: "crux", port: 1900 }));
        let wrong = ["cruks=1", "crux", "crux=", "crux=0", "crux=65536", "crux=-1", "crux=1x"];
        let texts = wrong.map(|text| text.parse::<Moved>().unwrap_err());
        insta::assert_snapshot!(texts.join("\n"));
    }
}
