//! What the parts of a stack are made from: the repository, its environment, and what the command
//! line says.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;
use xtask_engine::event::Events;
use xtask_engine::pipeline::{Container, Image, Secret, Service};
use xtask_engine::session::Prefix;
use xtask_engine::{Error, Session};

use super::address::{
    self, AGENT_PORT, CRUX, CRUX_PORT, CRUX_UI, CRUX_UI_PORT, METRICS_PORT, PARTS, WEB_PORT,
};
use super::crux;
use super::database_url::{DATABASE_URL, DatabaseUrl};
use super::doors::{AGENTS, Door, METRICS as METRICS_DOOR};
use super::environment::{Environment, Source, authority, is_here, readdressed, rehosted};
use super::kratos;
use crate::images::{Overrides, Part};
use crate::project::Project;

/// Where the application publishes its images; a part and a tag follow.
const PUBLISHED: &str = "ghcr.io/dyrector-io/dyrectorio/web";

/// The variables by which a developer moves the backend to other ports.
const PORTS: [(&str, u16); 2] = [("HTTP_API_PORT", CRUX_PORT), ("GRPC_AGENT_PORT", AGENT_PORT)];

/// The variable by which the backend serves its metrics.
const METRICS: &str = "METRICS_API_PORT";
/// Variables with addresses that a browser sees.
const WEB_VARIABLES: [&str; 2] = ["CRUX_UI_URL", "AUTH_URL"];

/// All that the parts have in common.
pub struct Setting {
    pub repo: Project,
    pub images: Overrides,
    /// The tag of published images that are run instead of the sources.
    pub image_tag: Option<String>,
    pub kratos: KratosSecrets,
    /// Where the backend listens: for REST, and for agents.
    pub crux_ports: [u16; 2],
    /// Where the backend serves its metrics, if it does.
    pub metrics_port: u16,
    /// Where the frontend listens.
    pub crux_ui_port: u16,
    /// How the stack stays, if it does.
    pub lasting: Option<LastingSetting>,
    /// The environment of the backend.
    crux: Environment,
    /// What is over the environments of all parts of the application.
    above: Environment,
    /// Parts of which was told that they have no environment of their own.
    told: Mutex<BTreeSet<String>>,
    events: Events,
}

/// What is different of a stack that stays.
pub struct LastingSetting {
    /// Whose data they are.
    pub owner: String,
    /// The product's address for browsers: host and port.
    pub web: String,
    /// The backend's address for agents that run on the host, if they do.
    pub agents: Option<String>,
    /// Ports of the host with the part and the port of it that are there: what `env` puts into a file.
    pub published: Vec<(u16, &'static str, u16)>,
    /// The parts that run on the host, outside of it.
    pub disabled: BTreeSet<String>,
}

/// What Kratos needs and nobody else has to know: new in every run, or always the same of a stack that
/// stays.
pub struct KratosSecrets {
    /// Of its user in the database.
    pub password: String,
    /// For its cookies.
    pub cookie: String,
}

impl KratosSecrets {
    /// Those of a stack that stays.
    pub fn of_stack(session: &Session, prefix: &Prefix) -> Self {
        let secret = |name| session.secret_of_stack(prefix, name);
        Self { password: secret("password of kratos"), cookie: secret("cookies of kratos") }
    }
}

impl Setting {
    /// Reads the backend's environment.
    ///
    /// # Errors
    /// [`Error::Usage`] if it cannot be read, or names a port that is none.
    pub fn read(
        repo: Project,
        images: Overrides,
        image_tag: Option<String>,
        events: &Events,
    ) -> Result<Self, Error> {
        Self::read_under(Environment::default(), repo, images, image_tag, events)
    }

    /// The same, with an environment over those of all parts of the application.
    ///
    /// # Errors
    /// As [`Setting::read`].
    pub fn read_under(
        above: Environment,
        repo: Project,
        images: Overrides,
        image_tag: Option<String>,
        events: &Events,
    ) -> Result<Self, Error> {
        let crux = Environment::of(&repo, crux::PART)?.under(&above);
        for secret in crux.redactions() {
            events.redact(secret);
        }
        let mut crux_ports = [0; 2];
        for (port, (name, usual)) in crux_ports.iter_mut().zip(PORTS) {
            *port = self::port(&crux, name, usual)?;
        }
        let metrics_port = self::port(&crux, METRICS, METRICS_PORT)?;
        let random = || Uuid::new_v4().simple().to_string();
        let kratos = KratosSecrets { password: random(), cookie: random() };
        Ok(Self {
            repo,
            images,
            image_tag,
            kratos,
            crux_ports,
            metrics_port,
            crux_ui_port: CRUX_UI_PORT,
            lasting: None,
            crux,
            above,
            told: Mutex::default(),
            events: events.clone(),
        })
    }

    /// Parts on the host listen at these.
    pub fn listens_at(&mut self, doors: &[(Door, u16)]) {
        for (door, port) in doors {
            match door.name {
                CRUX => self.crux_ports[0] = *port,
                AGENTS => self.crux_ports[1] = *port,
                METRICS_DOOR => self.metrics_port = *port,
                CRUX_UI => self.crux_ui_port = *port,
                _ => {}
            }
        }
    }

    /// The backend's database, as its environment has it.
    ///
    /// # Errors
    /// [`Error::Usage`] if the repository has no backend, or its `DATABASE_URL` cannot be used.
    pub fn database(&self) -> Result<DatabaseUrl, Error> {
        self.repo.dir(crux::PART)?;
        if self.crux.source() == Source::None && self.crux.get(DATABASE_URL).is_none() {
            return Err(Error::Usage(format!(
                "{} has neither .env nor .env.example, so nothing says which database is the backend's; write a \
                 .env with {DATABASE_URL}=postgresql://USER:PASSWORD@localhost:5432/DATABASE",
                self.repo.root().join(crux::PART).display()
            )));
        }
        DatabaseUrl::parse(self.crux.get(DATABASE_URL), self.crux.file_of(DATABASE_URL))
    }

    /// Which part a port of a developer's machine is: what a real `.env` says as `localhost:PORT`.
    fn parts(&self) -> Vec<(u16, &'static str)> {
        let crux = self.crux_ports.map(|port| (port, CRUX));
        crux.into_iter().chain([(self.crux_ui_port, CRUX_UI)]).chain(PARTS.iter().copied()).collect()
    }

    /// Host and port in a variable of a part that a browser sees, where that is not among the
    /// containers.
    fn web(&self, part: &str, name: &str) -> Option<String> {
        let is_seen = WEB_VARIABLES.contains(&name) || (part == kratos::PART && name == "KRATOS_URL");
        self.lasting.as_ref().filter(|_| is_seen).map(|lasting| lasting.web.clone())
    }

    /// Which part is found at an address of this machine, as it is found by the others.
    fn published_at(&self, host: &str, port: u16) -> Option<String> {
        let published = &self.lasting.as_ref().filter(|_| is_here(host))?.published;
        let (_, part, port) = published.iter().find(|(host_port, ..)| *host_port == port)?;
        Some(format!("{part}:{port}"))
    }

    /// Whether a part runs outside of the stack, on the host.
    pub fn is_disabled(&self, part: &str) -> bool {
        self.lasting.as_ref().is_some_and(|lasting| lasting.disabled.contains(part))
    }

    /// What waits for `other`, which is nothing to wait for if it runs on the host.
    pub fn needing(&self, service: Service, other: &Service) -> Service {
        if self.is_disabled(other.name()) { service } else { service.with_need(other) }
    }

    /// The image that is run for a part of the application's own instead of its sources, if any.
    pub fn published(&self, part: Part) -> Option<Image> {
        let tagged = |tag: &String| Image::named(format!("{PUBLISHED}/{part}:{tag}"));
        match (part, self.images.named(part)) {
            // It is the one below the repository's configuration, and more than a tag says.
            (Part::Kratos, Some(_)) => None,
            (_, named) => named.or_else(|| self.image_tag.as_ref().map(tagged)),
        }
    }

    /// Kratos' password in the database.
    pub fn kratos_password(&self) -> Secret {
        Secret::value("Kratos' password", &self.kratos.password)
    }

    /// `container` with the variables of a part: `defaults`, and over them those of its environment
    /// file, in which this machine's addresses of other parts become their names on the network.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn with_environment(
        &self,
        container: &Container,
        part: &str,
        defaults: &[(&str, &str)],
    ) -> Result<Container, Error> {
        let environment = match part {
            crux::PART => self.crux.clone(),
            _ => Environment::of(&self.repo, part)?.under(&self.above),
        };
        let is_new = || self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(part.to_owned());
        if environment.source() == Source::Example && is_new() {
            self.events.notice(format!("there is no {part}/.env: {} is used", environment.file()));
        }
        let mut container = container.clone();
        for (name, value) in defaults {
            let value = match self.web(part, name) {
                Some(web) => value.replacen(address::WEB_AUTHORITY, &web, 1),
                None => (*value).to_owned(),
            };
            container = container.with_env_variable(*name, value);
        }
        if part == crux::PART && self.lasting.is_some() {
            container = container.with_env_variable(METRICS, self.metrics_port.to_string());
        }
        let parts = self.parts();
        let moved = PORTS.map(|(name, _)| name).into_iter().zip(self.crux_ports);
        let moved: Vec<(&str, u16)> =
            moved.filter(|_| part == crux::PART && self.is_disabled(CRUX)).collect();
        for variable in environment.variables() {
            let value = match self.web(part, &variable.name) {
                Some(web) => readdressed(&variable.value, |host, port| {
                    let is_known = port != WEB_PORT && parts.iter().any(|(known, _)| *known == port);
                    (is_here(host) && !is_known).then_some(web)
                }),
                None => match readdressed(&variable.value, |host, port| self.published_at(host, port)) {
                    Cow::Borrowed(value) => match rehosted(value, &parts) {
                        // A port of this machine that nobody here has, as of another stack's `env`: it is
                        // known where what the variable names is among the containers.
                        Cow::Borrowed(value) => readdressed(value, |host, _| {
                            let usual = defaults.iter().find(|(name, _)| *name == variable.name)?;
                            authority(usual.1).filter(|_| is_here(host)).map(str::to_owned)
                        }),
                        found => found,
                    },
                    found => found,
                },
            };
            container = match variable.is_secret {
                false => container.with_env_variable(&variable.name, value),
                true => {
                    let what = format!("{} of {}", variable.name, variable.file);
                    container.with_secret_variable(&variable.name, Secret::value(what, value))
                }
            };
        }
        for (name, port) in moved {
            container = container.with_env_variable(name, port.to_string());
        }
        Ok(container)
    }

    /// `container` with a variable that holds the database's password: a secret, unless everybody
    /// can read it in the example.
    pub fn with_password(&self, container: &Container, name: &str, value: &str) -> Container {
        let variables = self.crux.variables();
        let is_secret = variables.iter().any(|variable| variable.name == DATABASE_URL && variable.is_secret);
        match is_secret {
            true => container.with_secret_variable(
                name,
                Secret::value(format!("{name}, made from {DATABASE_URL}"), value),
            ),
            false => container.with_env_variable(name, value),
        }
    }
}

/// A port that an environment may name.
fn port(environment: &Environment, name: &str, usual: u16) -> Result<u16, Error> {
    let Some(value) = environment.get(name) else { return Ok(usual) };
    match value.trim().parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Error::Usage(format!(
            "{}: {name} is {value:?}, which is no port; write a number from 1 to 65535",
            environment.file_of(name)
        ))),
    }
}
