//! crux-ui, the frontend: Next.js.

use xtask_engine::Error;
use xtask_engine::pipeline::{Container, Network, Readiness, Service, Test};

use super::address::{self, CRUX_UI};
use super::node::{self, WORKDIR};
use super::{Setting, UnitTests};
use crate::images::{Overrides, Part};
use crate::project::Project;

/// In the repository.
pub const PART: &str = "web/crux-ui";
/// The end-to-end tests: an edit there is none of the frontend.
const NOT_BUILT: [&str; 3] = ["/e2e", "/playwright.config.*", "/e2e_results"];

/// Its unit tests.
///
/// # Errors
/// If the repository lacks the part or its manifests.
pub fn unit_tests(repo: &Project, images: &Overrides, tests: &UnitTests) -> Result<Test, Error> {
    let container = node::packages(repo, images, PART)?.with_directory(WORKDIR, repo.sources(PART)?);
    Ok(node::jest(repo, &container, PART, tests))
}

/// It, built: with the files beside its server that the build leaves where they were.
///
/// # Errors
/// If the repository lacks the part or its manifests.
pub fn build(repo: &Project, images: &Overrides) -> Result<Container, Error> {
    let sources = repo.sources(PART)?.exclude(NOT_BUILT).exclude(node::NOT_BUILT);
    let static_files = "mkdir -p .next/standalone/.next; \
        if [ -d public ]; then cp -r public .next/standalone/public; fi; cp -r .next/static .next/standalone/.next/static";
    let container = node::packages(repo, images, PART)?
        .with_env_variable("NEXT_TELEMETRY_DISABLED", "1")
        .with_directory(WORKDIR, sources)
        .with_exec(["npm", "run", "build"])
        .with_network(Network::None)
        .with_exec(["sh", "-ec", static_files]);
    Ok(container)
}

/// It in production mode.
///
/// # Errors
/// If the repository lacks the part or its manifests, or its environment cannot be read.
pub fn service(setting: &Setting) -> Result<Service, Error> {
    let container = match setting.published(Part::CruxUi) {
        Some(image) => Container::from(image),
        None => build(&setting.repo, &setting.images)?.with_default_args(["npm", "run", "start:prod"]),
    };
    let defaults = [
        ("TZ", "UTC"),
        ("CRUX_UI_URL", address::WEB),
        ("CRUX_URL", address::WEB),
        ("KRATOS_URL", address::KRATOS_PUBLIC),
        ("KRATOS_ADMIN_URL", address::KRATOS_ADMIN),
        ("DISABLE_RECAPTCHA", "true"),
    ];
    let service = setting
        .with_environment(&container, PART, &defaults)?
        .with_env_variable("NODE_ENV", "production")
        // It binds `$HOSTNAME`, which an engine sets to the container's id.
        .with_env_variable("HOSTNAME", "0.0.0.0")
        .with_env_variable("PORT", setting.crux_ui_port.to_string())
        .with_exposed_port(setting.crux_ui_port)
        .as_service(CRUX_UI)
        .with_readiness(Readiness::tcp(setting.crux_ui_port));
    Ok(service)
}
