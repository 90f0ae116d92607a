//! crux, the backend: NestJS and Prisma.

use xtask_engine::Error;
use xtask_engine::pipeline::{Container, Readiness, Service, Test};

use super::address::{self, CRUX, DATABASE, DATABASE_PORT};
use super::database_url::DATABASE_URL;
use super::node::{self, WORKDIR};
use super::{Setting, UnitTests};
use crate::images::{Overrides, Part};
use crate::project::Project;

/// In the repository.
pub const PART: &str = "web/crux";
/// The variable by which agents are told where it is.
const AGENT_ADDRESS: &str = "CRUX_AGENT_ADDRESS";
/// Where it says how it is.
const HEALTH: &str = "/api/health";

/// How it reaches its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// By its name.
    Name,
    /// As `localhost`, as a developer's `.env` has it.
    Localhost,
}

/// Its packages and the Prisma client made from its schema.
///
/// # Errors
/// If the repository lacks the part or its manifests.
pub fn dependencies(repo: &Project, images: &Overrides) -> Result<Container, Error> {
    let container = node::packages(repo, images, PART)?
        .with_directory(&format!("{WORKDIR}/prisma"), repo.dir(&format!("{PART}/prisma"))?)
        .with_exec(["npm", "run", "prisma:gen"]);
    Ok(container)
}

/// Its unit tests.
///
/// # Errors
/// If the repository lacks the part or its manifests.
pub fn unit_tests(repo: &Project, images: &Overrides, tests: &UnitTests) -> Result<Test, Error> {
    let container = dependencies(repo, images)?.with_directory(WORKDIR, repo.sources(PART)?);
    Ok(node::jest(repo, &container, PART, tests))
}

/// It, built.
///
/// # Errors
/// If the repository lacks the part or its manifests.
pub fn build(repo: &Project, images: &Overrides) -> Result<Container, Error> {
    let container = dependencies(repo, images)?
        .with_directory(WORKDIR, repo.sources(PART)?.exclude(node::NOT_BUILT))
        .with_exec(["npm", "run", "build"]);
    Ok(container)
}

/// It in production mode, with its migrations done.
///
/// # Errors
/// If the repository lacks the part or its manifests, or its environment cannot be read.
pub fn service(setting: &Setting, database: &Service, reach: Reach) -> Result<Service, Error> {
    let (migrate, serve) = match setting.published(Part::Crux) {
        Some(image) => {
            let image = Container::from(image);
            (image.with_default_args(["migrate"]), image.with_default_args(["serve"]))
        }
        None => {
            // Migrations need no sources: they begin before those are built, and an edit does not repeat them.
            let migrate = dependencies(&setting.repo, &setting.images)?;
            let serve = build(&setting.repo, &setting.images)?;
            (
                migrate.with_default_args(["npm", "run", "prisma:migrate"]),
                serve.with_default_args(["npm", "run", "start:prod"]),
            )
        }
    };
    let of_part = |container: &Container| {
        let container = with_environment(setting, container, reach)?;
        Ok::<_, Error>(match reach {
            Reach::Name => container,
            Reach::Localhost => container.with_service_binding("localhost", database),
        })
    };
    let [rest, agents] = setting.crux_ports;
    let migrate = of_part(&migrate)?.as_job(format!("{CRUX}-migrate"));
    let migrate = setting.needing(migrate, database);
    let service = of_part(&serve)?
        .with_exposed_port(rest)
        .with_exposed_port(agents)
        .as_service(CRUX)
        // It answers 200 also while its database is down.
        .with_readiness(Readiness::http_json(rest, HEALTH, "status", "operational"))
        .with_need(&migrate);
    Ok(service)
}

fn with_environment(setting: &Setting, container: &Container, reach: Reach) -> Result<Container, Error> {
    let agents = format!("{CRUX}:{}", setting.crux_ports[1]);
    let defaults = [
        ("TZ", "UTC"),
        ("LOG_LEVEL", "info"),
        ("KRATOS_URL", address::KRATOS_PUBLIC),
        ("KRATOS_ADMIN_URL", address::KRATOS_ADMIN),
        ("CRUX_UI_URL", address::WEB),
        (AGENT_ADDRESS, &agents),
        ("SMTP_URI", address::SMTP),
        ("FROM_EMAIL", "noreply@example.com"),
        ("FROM_NAME", "dyrector.io"),
        ("DISABLE_RECAPTCHA", "true"),
        ("QA_OPT_OUT", "true"),
        ("DNS_DEFAULT_RESULT_ORDER", "ipv4first"),
    ];
    let container =
        setting.with_environment(container, PART, &defaults)?.with_env_variable("NODE_ENV", "production");
    let agents = setting.lasting.as_ref().and_then(|lasting| lasting.agents.as_ref());
    let container = match agents {
        Some(agents) => container.with_env_variable(AGENT_ADDRESS, agents),
        None => container,
    };
    let database = setting.database()?;
    let url = match reach {
        Reach::Name => database.with_host(DATABASE, DATABASE_PORT),
        Reach::Localhost => database.with_host("localhost", DATABASE_PORT),
    };
    Ok(setting.with_password(&container, DATABASE_URL, url.as_str()))
}
