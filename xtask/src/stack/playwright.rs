//! Playwright: the end-to-end tests and their browser.

use xtask_engine::Error;
use xtask_engine::pipeline::{Container, RESULTS_DIR, Service, Test};
use xtask_engine::results::ReportFormat;

use super::address;
pub use super::crux_ui::PART;
use super::node::{self, WORKDIR};
use super::{Setting, Stack};
use crate::images::{self, Part};

/// Its report, in the results directory.
const REPORT: &str = "playwright.json";
/// For people, there too.
const PAGES: &str = "playwright-report";
/// Where the application's tests write, whatever they are told.
const ARTIFACTS: [&str; 3] = ["e2e/screenshots", "e2e_results", "test-results"];

/// The end-to-end tests against a whole stack; `args` are for Playwright.
///
/// # Errors
/// If the repository lacks the tests, or its lockfile names no Playwright.
pub fn tests(setting: &Setting, stack: &Stack, args: &[String]) -> Result<Test, Error> {
    let repo = &setting.repo;
    let image = match setting.images.named(Part::Playwright) {
        Some(named) => named,
        None => images::playwright(&repo.playwright_version(PART)?),
    };
    let packages = node::packages_in(Container::from(image), repo, PART, |container| {
        container.with_env_variable("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
    })?;
    let container = packages.with_directory(WORKDIR, repo.sources(PART)?);
    let container = with_variables(&container);
    let container = stack.services().into_iter().fold(container, |container, service: &Service| {
        container.with_service_binding(service.name(), service)
    });
    let (reporters, rest) = reporters(args);
    let mut command = ["npm", "run", "test:e2e", "--", &reporters].map(str::to_owned).to_vec();
    command.extend(rest);
    let name =
        ["npm run test:e2e"].into_iter().chain(args.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let report = ReportFormat::Playwright {
        file: REPORT.into(),
        in_container: format!("{WORKDIR}/"),
        in_repository: format!("{PART}/"),
    };
    let test = container.with_test(command).named(name).with_report(report);
    Ok(ARTIFACTS.iter().fold(test, |test, path| test.with_artifact(path)))
}

/// Playwright's option for the reporters that somebody asked for, `list` else, and those that we
/// need; and the arguments without it.
fn reporters(args: &[String]) -> (String, Vec<String>) {
    let mut reporters = "list".to_owned();
    let mut rest = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.strip_prefix("--reporter=") {
            Some(asked) => asked.clone_into(&mut reporters),
            None if arg == "--reporter" => reporters = args.next().cloned().unwrap_or(reporters),
            None => rest.push(arg.clone()),
        }
    }
    for ours in ["json", "html"] {
        if !reporters.split(',').any(|reporter| reporter == ours) {
            reporters = format!("{reporters},{ours}");
        }
    }
    (format!("--reporter={reporters}"), rest)
}

/// What the tests and their tool read.
fn with_variables(container: &Container) -> Container {
    let (report, pages) = (format!("{RESULTS_DIR}/{REPORT}"), format!("{RESULTS_DIR}/{PAGES}"));
    let variables = [
        ("E2E_BASE_URL", address::WEB),
        ("CRUX_UI_URL", address::WEB),
        ("MAILSLURPER_URL", "http://mail:4437"),
        ("KRATOS_URL", "http://kratos:4433"),
        ("KRATOS_ADMIN_URL", address::KRATOS_ADMIN),
        ("PLAYWRIGHT_JSON_OUTPUT_NAME", &report),
        // One by which older versions know the folder, one by which newer do.
        ("PLAYWRIGHT_HTML_REPORT", &pages),
        ("PLAYWRIGHT_HTML_OUTPUT_DIR", &pages),
        ("PLAYWRIGHT_HTML_OPEN", "never"),
        ("PW_TEST_HTML_REPORT_OPEN", "never"),
    ];
    let container = match std::env::var("CI") {
        Ok(ci) => container.with_env_variable("CI", ci),
        Err(_) => container.clone(),
    };
    variables.into_iter().fold(container, |container, (name, value)| container.with_env_variable(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reporters_that_are_asked_for_come_beside_ours() {
        let of = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            let (reporters, rest) = reporters(&args);
            format!("{reporters} {}", rest.join(" "))
        };
        assert_eq!(of(&["a.spec.ts"]), "--reporter=list,json,html a.spec.ts");
        assert_eq!(of(&["--reporter=dot,html", "-x"]), "--reporter=dot,html,json -x");
        assert_eq!(of(&["a", "--reporter", "line", "b"]), "--reporter=line,json,html a b");
        assert_eq!(of(&["--reporter"]), "--reporter=list,json,html ");
    }
}
