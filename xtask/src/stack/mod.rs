//! What the application is made of, one file a part: how it is built, tested, and run.

mod address;
pub mod crux;
pub mod crux_ui;
pub mod database;
pub mod database_url;
pub mod doors;
pub mod environment;
pub mod kratos;
mod mail;
mod node;
pub mod playwright;
mod setting;
mod traefik;

pub use address::{
    AGENT_PORT, CRUX, CRUX_UI, CRUX_UI_PORT, DATABASE, DATABASE_PORT, KRATOS, MAIL, SMTP_PORT, TRAEFIK, WEB,
    WEB_AUTHORITY,
};
pub use node::UnitTests;
pub use setting::{KratosSecrets, LastingSetting, Setting};
pub use traefik::router;

use std::collections::{BTreeMap, BTreeSet};

use xtask_engine::Error;
use xtask_engine::pipeline::Service;

/// The names of all parts that run for long.
pub const PARTS: [&str; 6] = [DATABASE, KRATOS, MAIL, CRUX, CRUX_UI, TRAEFIK];

/// The parts that, on the host, can listen where they are told to.
pub const MOVABLE: [&str; 2] = [CRUX, CRUX_UI];

/// Which services call a part, and so have to find it where it runs.
const CALLERS: [(&str, &[&str]); 6] = [
    (DATABASE, &[CRUX, "crux-migrate", KRATOS, "kratos-migrate"]),
    (KRATOS, &[CRUX, CRUX_UI, TRAEFIK]),
    (MAIL, &[CRUX, KRATOS]),
    (CRUX, &[CRUX_UI, TRAEFIK]),
    (CRUX_UI, &[TRAEFIK]),
    (TRAEFIK, &[CRUX, CRUX_UI, KRATOS]),
];

/// The parts on the host that each service has to find there.
pub fn found_on_host(disabled: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (part, callers) in CALLERS.iter().filter(|(part, _)| disabled.contains(*part)) {
        for caller in *callers {
            found.entry((*caller).to_owned()).or_default().insert((*part).to_owned());
        }
    }
    found
}

/// The whole application.
pub struct Stack {
    database: Service,
    kratos: Service,
    mail: Service,
    crux: Service,
    crux_ui: Service,
    traefik: Service,
}

impl Stack {
    /// All parts, in production mode, as they find each other on a network of their own; in a stack
    /// that stays with data that do, too.
    ///
    /// # Errors
    /// If the repository lacks a part, or its environment cannot be read.
    pub fn whole(setting: &Setting) -> Result<Self, Error> {
        let kratos = setting.kratos_password();
        let data = match &setting.lasting {
            Some(lasting) => database::kept(&lasting.owner),
            None => database::Data::OfRun,
        };
        let database = database::service(setting, Some(&kratos), data)?;
        Ok(Self {
            kratos: kratos::service(setting, &database)?,
            mail: mail::service(&setting.images),
            crux: crux::service(setting, &database, crux::Reach::Name)?,
            crux_ui: crux_ui::service(setting)?,
            traefik: traefik::service(setting),
            database,
        })
    }

    /// Those that run in containers.
    pub fn services_of(&self, setting: &Setting) -> Vec<&Service> {
        let all = self.services().into_iter();
        all.filter(|service| !setting.is_disabled(service.name())).collect()
    }

    /// All of them.
    pub fn services(&self) -> [&Service; 6] {
        [&self.database, &self.kratos, &self.mail, &self.crux, &self.crux_ui, &self.traefik]
    }
}
