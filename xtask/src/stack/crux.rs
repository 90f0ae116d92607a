//! crux, the backend: NestJS and Prisma.

use xtask_engine::Error;
use xtask_engine::pipeline::{Container, Test};

use super::UnitTests;
use super::node::{self, WORKDIR};
use crate::project::Project;

const PART: &str = "web/crux";

/// Its packages and the Prisma client made from its schema.
///
/// # Errors
/// If the repository lacks the part or its manifests.
pub fn dependencies(repo: &Project) -> Result<Container, Error> {
    let container = node::packages(repo, PART)?
        .with_directory(&format!("{WORKDIR}/prisma"), repo.dir(&format!("{PART}/prisma"))?)
        .with_exec(["npm", "run", "prisma:gen"]);
    Ok(container)
}

/// Its unit tests.
///
/// # Errors
/// If the repository lacks the part or its manifests.
pub fn unit_tests(repo: &Project, tests: &UnitTests) -> Result<Test, Error> {
    let container = dependencies(repo)?.with_directory(WORKDIR, repo.sources(PART)?);
    Ok(node::jest(&container, PART, tests))
}
