//! What decided how long a run took: from its end back, at each step, to the last of what that step
//! had to wait for.

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::timeline::{runs_alone, span_of_step};
use super::{Pipeline, Run, Service};
use crate::event::ServiceState;

/// What is too short to be told: in seconds, and as a part of the run.
const NOTHING: f64 = 0.001;

/// The chain of work without which the run would have been shorter.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CriticalPath {
    /// Seconds of the run in which its work was done. What is between them is the engine's and ours:
    /// images are brought, containers made and removed.
    pub seconds: f64,
    /// Its work, in the order of time.
    pub segments: Vec<Segment>,
}

/// A part of the path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// The lane of the timeline that it is in.
    pub lane: String,
    /// What a person calls it.
    pub label: String,
    /// When it began.
    pub from: f64,
    /// When it ended.
    pub to: f64,
}

/// The lane of a step.
pub(super) fn id_of_step(pipeline: &str, id: &str) -> String {
    format!("step:{pipeline}:{id}")
}

/// The lane of a service.
pub(super) fn id_of_service(name: &str) -> String {
    format!("service:{name}")
}

/// Something that took time, and what had to be over before it could begin.
struct Work {
    segment: Segment,
    after: Vec<String>,
}

impl CriticalPath {
    /// The path of a run in which each pipeline is there once; `end` is when the run ended.
    pub(super) fn of(run: &Run, end: f64) -> Self {
        let mut works: Vec<Work> = Vec::new();
        for pipeline in &run.pipelines {
            works.extend(steps(pipeline, end));
        }
        works.extend(run.services.iter().filter_map(|service| of_service(service, run, end)));

        let mut segments: Vec<Segment> = Vec::new();
        let mut next = last(works.iter());
        while let Some(work) = next {
            segments.push(work.segment.clone());
            let before = |other: &&Work| {
                work.after.contains(&other.segment.lane)
                    // What is told wrongly must not lead in a circle.
                    && segments.iter().all(|known| known.lane != other.segment.lane)
            };
            next = last(works.iter().filter(before));
        }
        segments.reverse();
        // What was waited for may be told to end a moment after what waited began.
        for at in 1..segments.len() {
            let begun = segments[at].from.max(segments[at - 1].to);
            segments[at].from = begun.min(segments[at].to);
        }
        let seconds = segments.iter().map(|segment| segment.to - segment.from).sum();
        segments.retain(|segment| segment.to - segment.from >= NOTHING.max(end * NOTHING));
        Self { seconds, segments }
    }
}

fn last<'a>(works: impl Iterator<Item = &'a Work>) -> Option<&'a Work> {
    works.max_by(|one, other| one.segment.to.total_cmp(&other.segment.to))
}

fn steps(pipeline: &Pipeline, end: f64) -> Vec<Work> {
    let id = |id: &String| id_of_step(&pipeline.name, id);
    let work = |step: &super::Step| {
        let (from, to) = span_of_step(step, end)?;
        let mut after: Vec<String> = step.needs.iter().map(id).collect();
        after.extend(step.services.iter().map(|name| id_of_service(name)));
        if runs_alone(step) {
            after.extend(pipeline.steps.iter().map(|step| &step.id).filter(|it| **it != step.id).map(id));
        }
        let label = format!("{}: {}", pipeline.name, step.step);
        Some(Work { segment: Segment { lane: id_of_step(&pipeline.name, &step.id), label, from, to }, after })
    };
    pipeline.steps.iter().filter_map(work).collect()
}

/// A service is work until it is ready: then others are.
fn of_service(service: &Service, run: &Run, end: f64) -> Option<Work> {
    let from = service.since(|state| matches!(state, ServiceState::Starting { .. }));
    let is_over = |state: &ServiceState| {
        matches!(state, ServiceState::Ready | ServiceState::Completed | ServiceState::Failed)
    };
    let from = from.or_else(|| service.states.first().map(|(at, _)| *at))?;
    let to = service.since(is_over).unwrap_or(end).max(from);
    let mut after: Vec<String> = service.needs.iter().map(|name| id_of_service(name)).collect();
    let built = run.pipelines.iter().filter(|pipeline| pipeline.name == service.pipeline);
    after.extend(built.flat_map(|it| {
        it.steps.iter().filter(|step| !runs_alone(step)).map(|step| id_of_step(&it.name, &step.id))
    }));
    let (lane, label) = (id_of_service(&service.name), service.name.clone());
    Some(Work { segment: Segment { lane, label, from, to }, after })
}
