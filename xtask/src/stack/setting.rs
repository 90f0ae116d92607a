//! What the parts of a stack are made from: the repository, its environment, and what the command
//! line says.

use uuid::Uuid;
use xtask_engine::Error;
use xtask_engine::event::Events;
use xtask_engine::pipeline::{Container, Image, Secret};

use super::address::PARTS;
use super::crux;
use super::database_url::{DATABASE_URL, DatabaseUrl};
use super::environment::{Environment, Source, rehosted};
use crate::images::{Overrides, Part};
use crate::project::Project;

/// Where the application publishes its images; a part and a tag follow.
const PUBLISHED: &str = "ghcr.io/dyrector-io/dyrectorio/web";

/// All that the parts have in common.
pub struct Setting {
    pub repo: Project,
    pub images: Overrides,
    /// The tag of published images that are run instead of the sources.
    pub image_tag: Option<String>,
    /// The backend's database, as its environment has it.
    pub database: DatabaseUrl,
    pub kratos: KratosSecrets,
    /// The environment of the backend.
    crux: Environment,
}

/// What Kratos needs and nobody else has to know; new in every run.
pub struct KratosSecrets {
    /// Of its user in the database.
    pub password: String,
    /// For its cookies.
    pub cookie: String,
}

impl Setting {
    /// Reads the environment, and says which file it is from where that is not a developer's own.
    ///
    /// # Errors
    /// [`Error::Usage`] if it cannot be read, or its `DATABASE_URL` cannot be used.
    pub fn read(
        repo: Project,
        images: Overrides,
        image_tag: Option<String>,
        events: &Events,
    ) -> Result<Self, Error> {
        let environment = Environment::of(&repo, crux::PART)?;
        if environment.source() == Source::Example {
            events.notice(format!("there is no {0}/.env: {1} is used", crux::PART, environment.file()));
        }
        for secret in environment.redactions() {
            events.redact(secret);
        }
        let database = DatabaseUrl::parse(environment.get(DATABASE_URL), environment.file())?;
        let random = || Uuid::new_v4().simple().to_string();
        let kratos = KratosSecrets { password: random(), cookie: random() };
        Ok(Self { repo, images, image_tag, database, kratos, crux: environment })
    }

    /// The image that is run for a part of the application's own instead of its sources, if any.
    pub fn published(&self, part: Part) -> Option<Image> {
        let tagged = |tag: &String| Image::named(format!("{PUBLISHED}/{part}:{tag}"));
        // Of Kratos, a named image is the one below the repository's configuration.
        let named = self.images.named(part).filter(|_| part != Part::Kratos);
        named.or_else(|| self.image_tag.as_ref().map(tagged))
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
        let read;
        let environment = match part {
            crux::PART => &self.crux,
            _ => {
                read = Environment::of(&self.repo, part)?;
                &read
            }
        };
        let mut container = container.clone();
        for (name, value) in defaults {
            container = container.with_env_variable(*name, *value);
        }
        for variable in environment.variables() {
            let value = rehosted(&variable.value, PARTS);
            container = match variable.is_secret {
                false => container.with_env_variable(&variable.name, value),
                true => {
                    let what = format!("{} of {}", variable.name, environment.file());
                    container.with_secret_variable(&variable.name, Secret::value(what, value))
                }
            };
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
