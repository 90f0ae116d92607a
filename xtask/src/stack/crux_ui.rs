//! crux-ui, the frontend: Next.js.

use xtask_engine::Error;
use xtask_engine::pipeline::Test;

use super::UnitTests;
use super::node::{self, WORKDIR};
use crate::project::Project;

const PART: &str = "web/crux-ui";

/// Its unit tests.
///
/// # Errors
/// If the repository lacks the part or its manifests.
pub fn unit_tests(repo: &Project, tests: &UnitTests) -> Result<Test, Error> {
    let container = node::packages(repo, PART)?.with_directory(WORKDIR, repo.sources(PART)?);
    Ok(node::jest(&container, PART, tests))
}
