//! The ports by which a stack that stays is reached from the host: those that the application
//! documents, by name, and where they are.

use std::str::FromStr;

use super::Setting;
use super::address::{
    AGENT_PORT, CRUX, CRUX_PORT, CRUX_UI, CRUX_UI_PORT, DATABASE, DATABASE_PORT, KRATOS, KRATOS_ADMIN_PORT,
    KRATOS_PORT, MAIL, MAIL_PORT, MAIL_UI_PORT, METRICS_PORT, SMTP_PORT, TRAEFIK, TRAEFIK_PORT, WEB_PORT,
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
    /// The port that the application documents: [`Door::port`], unless its environment says otherwise.
    pub usual: u16,
    /// How its address is written: `http`; nothing where it is `HOST:PORT`.
    pub scheme: &'static str,
    /// What is there.
    pub what: &'static str,
}

/// The one for agents.
pub const AGENTS: &str = "crux-agents";
/// The one of the backend's metrics.
pub const METRICS: &str = "crux-metrics";
/// The names of all doors and the parts that have them, the most used first.
const NAMES: [(&str, &str); 12] = [
    (TRAEFIK, TRAEFIK),
    ("traefik-dashboard", TRAEFIK),
    (CRUX_UI, CRUX_UI),
    (CRUX, CRUX),
    (AGENTS, CRUX),
    (METRICS, CRUX),
    (KRATOS, KRATOS),
    ("kratos-admin", KRATOS),
    (MAIL, MAIL),
    ("mail-api", MAIL),
    ("mail-smtp", MAIL),
    (DATABASE, DATABASE),
];

/// All doors of a stack.
pub fn doors(setting: &Setting) -> [Door; 12] {
    let [rest, agents] = setting.crux_ports;
    let all = [
        ([WEB_PORT; 2], "http", "the product"),
        ([TRAEFIK_PORT; 2], "http", "Traefik's dashboard"),
        ([setting.crux_ui_port, CRUX_UI_PORT], "http", "the frontend"),
        ([rest, CRUX_PORT], "http", "the backend's REST"),
        ([agents, AGENT_PORT], "", "the backend's gRPC, for agents"),
        ([setting.metrics_port, METRICS_PORT], "http", "the backend's metrics"),
        ([KRATOS_PORT; 2], "http", "Kratos"),
        ([KRATOS_ADMIN_PORT; 2], "http", "Kratos, for administration"),
        ([MAIL_UI_PORT; 2], "http", "the mail that was sent"),
        ([MAIL_PORT; 2], "http", "the same, as JSON"),
        ([SMTP_PORT; 2], "", "SMTPS"),
        ([DATABASE_PORT; 2], "", "PostgreSQL"),
    ];
    let mut names = NAMES.into_iter();
    all.map(|([port, usual], scheme, what)| {
        let (name, part) = names.next().unwrap_or_default();
        Door { name, part, port, usual, scheme, what }
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

impl Moved {
    /// The part whose it is.
    pub fn part(&self) -> &'static str {
        NAMES.into_iter().find_map(|(name, part)| (name == self.door).then_some(part)).unwrap_or(self.door)
    }
}

impl FromStr for Moved {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, port) = text.split_once('=').unwrap_or((text, ""));
        let Some((door, _)) = NAMES.into_iter().find(|(known, _)| *known == name) else {
            let names = NAMES.map(|(name, _)| name).join(", ");
            return Err(format!("no port is called {name:?}: there are {names}"));
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
        assert_eq!("crux-ui=1".parse::<Moved>().unwrap().part(), "crux-ui");
        assert_eq!("crux-agents=1".parse::<Moved>().unwrap().part(), "crux");
        let wrong = ["cruks=1", "crux", "crux=", "crux=0", "crux=65536", "crux=-1", "crux=1x"];
        let texts = wrong.map(|text| text.parse::<Moved>().unwrap_err());
        insta::assert_snapshot!(texts.join("\n"));
    }
}
