//! What the live view knows.

use std::time::Instant;

use super::tail::Tail;
use crate::event::{Event, ServiceState};
use crate::report::Run;

/// What the live view knows of a run. Taking an event costs little: nothing is drawn by it.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The run so far.
    pub(super) run: Run,
    /// The last lines of steps that run, by pipeline and id.
    steps: Vec<(String, String, Tail)>,
    /// The last lines of services that start.
    services: Vec<(String, Tail)>,
    /// Containers, networks and volumes that were removed at the end.
    pub(super) removed: Option<usize>,
    /// Services whose lines are told above the live view.
    followed: Vec<String>,
    /// The time of the last event, and when it came.
    clock: Option<(f64, Instant)>,
}

impl State {
    /// Takes one more event.
    pub(super) fn apply(&mut self, at: f64, event: &Event) {
        self.clock = Some((at, Instant::now()));
        self.run.apply(at, event);
        match event {
            Event::StepLog { pipeline, id, text, .. } => self.step_tail(pipeline, id).push(text),
            Event::StepFinished { pipeline, id, .. } => {
                self.steps.retain(|(in_pipeline, step, _)| in_pipeline != pipeline || step != id);
            }
            Event::PipelineFinished { pipeline, .. } => {
                self.steps.retain(|(in_pipeline, ..)| in_pipeline != pipeline);
            }
            Event::ServiceLog { service, text } => {
                if let Some((_, tail)) = self.services.iter_mut().find(|(name, _)| name == service) {
                    tail.push(text);
                }
            }
            Event::Service { service, state, .. } => {
                self.services.retain(|(name, _)| name != service);
                if matches!(state, ServiceState::Starting { .. }) && !self.followed.contains(service) {
                    self.services.push((service.clone(), Tail::default()));
                }
            }
            Event::ServicesFollowed { services } => self.followed.extend(services.iter().cloned()),
            Event::ServicesRemoved { removed, .. } => self.removed = Some(*removed),
            _ => {}
        }
    }

    /// Seconds since the run began.
    pub(super) fn now(&self) -> f64 {
        self.clock.map_or(0.0, |(at, came)| at + came.elapsed().as_secs_f64())
    }

    /// When the first thing began that is worth a live view.
    pub(super) fn began(&self) -> Option<f64> {
        let pipelines = self.run.pipelines.iter().map(|pipeline| pipeline.started);
        let pulls = self.run.pulls.iter().map(|pull| pull.started);
        pipelines.chain(pulls).min_by(f64::total_cmp)
    }

    /// Whether lines of services are what a person wants to see.
    pub(super) fn is_following(&self) -> bool {
        !self.followed.is_empty()
    }

    /// The last lines of a step that runs.
    pub(super) fn of_step(&self, pipeline: &str, id: &str) -> Option<&Tail> {
        let mut steps = self.steps.iter();
        steps.find(|(in_pipeline, step, _)| step == id && in_pipeline == pipeline).map(|(.., tail)| tail)
    }

    /// The last lines of a service that starts.
    pub(super) fn of_service(&self, service: &str) -> Option<&Tail> {
        self.services.iter().find(|(name, _)| name == service).map(|(_, tail)| tail)
    }

    fn step_tail(&mut self, pipeline: &str, id: &str) -> &mut Tail {
        let known =
            self.steps.iter().position(|(in_pipeline, step, _)| step == id && in_pipeline == pipeline);
        let at = known.unwrap_or_else(|| {
            self.steps.push((pipeline.to_owned(), id.to_owned(), Tail::default()));
            self.steps.len() - 1
        });
        &mut self.steps[at].2
    }
}
