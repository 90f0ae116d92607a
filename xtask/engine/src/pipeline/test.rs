//! A test step: a command whose failure is a result, not an accident.

use super::{Container, Fs, FsNode, PipelineError};
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
    pub(crate) error: Option<PipelineError>,
}

impl Test {
    pub(crate) fn new(container: &Container, args: Vec<String>) -> Self {
        let (name, config) = (args.join(" "), container.config.clone());
        let fs = Fs::new(FsNode::Test { base: container.fs.clone(), name, args, config });
        Self { fs, report: None, error: container.error.clone() }
    }

    /// The report that the command writes into its results directory: its tests are counted, named
    /// when they fail, and written as JUnit.
    pub fn with_report(mut self, report: ReportFormat) -> Self {
        self.report = Some(report);
        self
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
