//! Kratos, which knows who is who: the repository's configuration in the image of Ory's.

use xtask_engine::Error;
use xtask_engine::pipeline::{Container, Network, Readiness, Secret, Service};

use super::address::{self, KRATOS, KRATOS_ADMIN_PORT, KRATOS_PORT};
use super::{Setting, database};
use crate::images::{self, Part};
use crate::project::Project;

/// In the repository.
pub const PART: &str = "web/kratos";
/// Where its Dockerfile puts that folder.
const FOLDER: &str = "/usr/bin/app/kratos";
/// Where its entry point writes what Kratos reads; the user of the image.
const CONFIG: &str = "/etc/config/kratos";
const USER: &str = "10000";
const CONFIG_FILE: &str = "/etc/config/kratos/kratos.yaml";

/// Kratos with its migrations done.
///
/// # Errors
/// If the repository lacks its folder, or its environment cannot be read.
pub fn service(setting: &Setting, database: &Service) -> Result<Service, Error> {
    let container = container(setting)?;
    let args = |args: &[&str]| container.with_default_args(args.iter().copied());
    let migrate =
        args(&["-c", CONFIG_FILE, "migrate", "sql", "-e", "--yes"]).as_job(format!("{KRATOS}-migrate"));
    let migrate = setting.needing(migrate, database);
    let service = args(&["serve", "-c", CONFIG_FILE, "--watch-courier"])
        .with_exposed_port(KRATOS_PORT)
        .with_exposed_port(KRATOS_ADMIN_PORT)
        .as_service(KRATOS)
        .with_readiness(Readiness::http(KRATOS_ADMIN_PORT, "/health/ready"))
        .with_need(&migrate);
    Ok(service)
}

/// A container of it, with its variables; what it runs is still to be said.
fn container(setting: &Setting) -> Result<Container, Error> {
    let container = match setting.published(Part::Kratos) {
        Some(image) => Container::from(image),
        None => build(&setting.repo, setting)?,
    };
    let dsn = database::kratos_url(&setting.database()?, &setting.kratos.password);
    let defaults = [
        ("KRATOS_URL", address::KRATOS_PUBLIC),
        ("KRATOS_ADMIN_URL", address::KRATOS_ADMIN),
        ("AUTH_URL", address::AUTH),
        ("CRUX_UI_URL", address::WEB),
        ("COURIER_SMTP_CONNECTION_URI", address::SMTP),
        ("FROM_NAME", "dyrector.io"),
        ("FROM_EMAIL", "noreply@example.com"),
        ("DEV", "true"),
        ("LOG_LEVEL", "info"),
        ("LOG_LEAK_SENSITIVE_VALUES", "false"),
        ("SQA_OPT_OUT", "true"),
    ];
    let cookie = Secret::value("Kratos' cookie secret", &setting.kratos.cookie);
    // The environment's own comes over it.
    let container = container.with_secret_variable("SECRETS_COOKIE", cookie);
    let container = setting.with_environment(&container, PART, &defaults)?;
    Ok(container.with_secret_variable("DSN", Secret::value("Kratos' database", dsn.as_str())))
}

/// What the repository's Dockerfile does.
fn build(repo: &Project, setting: &Setting) -> Result<Container, Error> {
    let has_envsubst = "command -v envsubst >/dev/null || apk add --no-cache gettext";
    let lay_out = format!(
        "chmod a+x {FOLDER}/entrypoint.sh; mkdir -p {CONFIG}; chown -R {USER}:{USER} {CONFIG}; chmod -R 700 {CONFIG}"
    );
    Ok(Container::from(setting.images.image(Part::Kratos, images::kratos))
        .with_user("root")
        .with_workdir("/")
        .with_exec(["sh", "-ec", has_envsubst])
        .with_network(Network::None)
        .with_directory(FOLDER, repo.sources(PART)?)
        .with_exec(["sh", "-ec", &lay_out])
        .with_user(USER)
        .with_entrypoint([&format!("{FOLDER}/entrypoint.sh")]))
}
