//! A test step: a command whose failure is a result, not an accident.

use std::panic::Location;

use super::{Config, Container, ContainerPath, Fs, FsNode, PipelineError, Service};
use crate::results::ReportFormat;

/// Where a test step finds its results directory; what it writes there is brought out, also when
/// it fails.
pub const RESULTS_DIR: &str = "/xtask/results";

/// The variable that names [`RESULTS_DIR`] to the command.
pub const RESULTS_VARIABLE: &str = "XTASK_RESULTS";

/// A container up to and with its test command. When the command fails the step still has its
/// files, and the next run runs it again: a failure is never taken from the cache.
#[derive(Debug, Clone)]
pub struct Test {
    pub(crate) fs: Fs,
    pub(crate) report: Option<ReportFormat>,
    /// Folders that are brought out besides the results.
    pub(crate) artifacts: Vec<ContainerPath>,
    /// What must be there before it starts, besides what its container is bound to.
    pub(crate) needs: Vec<Service>,
    pub(crate) error: Option<PipelineError>,
}

/// What a test is made of.
pub(crate) struct TestParts<'a> {
    pub(crate) base: &'a Fs,
    pub(crate) args: &'a [String],
    pub(crate) config: &'a Config,
}

impl Test {
    pub(crate) fn new(container: &Container, args: Vec<String>) -> Self {
        let (name, config) = (args.join(" "), container.config.clone());
        let fs = Fs::new(FsNode::Test { base: container.fs.clone(), name, args, config });
        Self { fs, report: None, artifacts: Vec::new(), needs: Vec::new(), error: container.error.clone() }
    }

    /// The report that the command writes into its results directory: its tests are counted, named
    /// when they fail, and written as JUnit.
    pub fn with_report(mut self, report: ReportFormat) -> Self {
        self.report = Some(report);
        self
    }

    /// It starts when this service is ready, or this job has ended well. A test with needs is a run of
    /// its own among the services, never taken from the cache.
    pub fn with_need(mut self, service: &Service) -> Self {
        self.needs.push(service.clone());
        self
    }

    /// A file or folder that is brought out besides the results, under its own name, if it is there:
    /// for a tool that cannot be told to write to the results directory. Only of a test that is bound
    /// to a service.
    #[track_caller]
    pub fn with_artifact(mut self, path: &str) -> Self {
        let workdir = self.parts().and_then(|parts| parts.config.workdir.clone());
        let place = Location::caller();
        match ContainerPath::resolve(path, workdir.as_ref()) {
            _ if !self.is_bound() => {
                let what = "with_artifact needs a test after with_service_binding; write to $XTASK_RESULTS";
                self.error.get_or_insert(PipelineError::new(what, place));
            }
            Ok(path) => self.artifacts.push(path),
            Err(what) => {
                self.error.get_or_insert(PipelineError::new(what, place));
            }
        }
        self
    }

    /// Whether it needs services: then it is a run of its own, and no step.
    pub(crate) fn is_bound(&self) -> bool {
        !self.needs.is_empty() || self.parts().is_some_and(|parts| !parts.config.bindings.is_empty())
    }

    /// What it is made of.
    pub(crate) fn parts(&self) -> Option<TestParts<'_>> {
        match &*self.fs.0 {
            FsNode::Test { base, args, config, .. } => Some(TestParts { base, args, config }),
            _ => None,
        }
    }

    /// The same test under another name in output: what a person would have typed.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        if let FsNode::Test { base, args, config, .. } = &*self.fs.0 {
            let (base, args, config) = (base.clone(), args.clone(), config.clone());
            self.fs = Fs::new(FsNode::Test { base, name: name.into(), args, config });
        }
        self
    }

    /// What the test step is called.
    pub(crate) fn step(&self) -> String {
        match &*self.fs.0 {
            FsNode::Test { name, .. } => format!("test {name}"),
            _ => "test".into(),
        }
    }
}
