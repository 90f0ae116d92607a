//! What the two Node.js parts have in common.

use xtask_engine::Error;
use xtask_engine::pipeline::{CacheVolume, Container, Network, RESULTS_DIR, Test};
use xtask_engine::results::ReportFormat;

use crate::images::{self, Overrides, Part};
use crate::project::Project;

/// Where the sources are in a container.
pub(super) const WORKDIR: &str = "/src";
/// Jest's report, in the results directory.
const REPORT: &str = "jest.json";

/// Unit tests and what they leave: an edit there builds nothing anew.
pub(super) const NOT_BUILT: [&str; 5] = ["*.test.ts", "*.test.tsx", "*.spec.ts", "/test", "jest.config.*"];

/// How unit tests are run.
#[derive(Debug, Clone, Default)]
pub struct UnitTests {
    /// What follows `--` on the command line: for jest.
    pub args: Vec<String>,
    /// Coverage is measured, too.
    pub coverage: bool,
}

/// A container with a part's packages installed, from its manifests alone: an edit of a source
/// does not install them again.
pub(super) fn packages(repo: &Project, images: &Overrides, part: &str) -> Result<Container, Error> {
    let node = images.image(Part::Node, images::node);
    packages_in(Container::from(node), repo, part, |container| container)
}

/// The same in another container, with something said before they are installed.
pub(super) fn packages_in(
    container: Container,
    repo: &Project,
    part: &str,
    before: impl FnOnce(Container) -> Container,
) -> Result<Container, Error> {
    let container = before(container.with_workdir(WORKDIR))
        .with_mounted_cache("/root/.npm", CacheVolume::named("npm"))
        .with_directory(WORKDIR, repo.npm_manifests(part)?)
        .with_exec(["npm", "ci", "--no-audit", "--no-fund"]);
    Ok(container)
}

/// `npm run test` in `container`, with jest's own report. Unit tests need no network; without one
/// they start sooner.
pub(super) fn jest(repo: &Project, container: &Container, part: &str, tests: &UnitTests) -> Test {
    let mut args = vec!["npm".to_owned(), "run".into(), "test".into(), "--".into()];
    args.extend(["--json".into(), format!("--outputFile={RESULTS_DIR}/{REPORT}")]);
    if tests.coverage {
        args.extend(["--coverage".into(), format!("--coverageDirectory={RESULTS_DIR}/coverage")]);
    }
    args.extend(tests.args.iter().cloned());
    let name = ["npm run test"]
        .into_iter()
        .chain(tests.args.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ");
    let report = ReportFormat::Jest {
        file: REPORT.into(),
        in_container: format!("{WORKDIR}/"),
        in_repository: format!("{part}/"),
        on_host: repo.root().join(part),
    };
    container.with_network(Network::None).with_test(args).named(name).with_report(report)
}
