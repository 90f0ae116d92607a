//! Paths of small runs, made by hand, and of a recorded one.

use crate::event::{Event, Outcome, PlannedStep, ServiceState, StepKind};
use crate::report::fixtures::{E2E_FAILED, events};
use crate::report::{Run, TimedEvent, Timeline};

fn planned(id: &str, needs: &[&str], services: &[&str]) -> PlannedStep {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    let kind = StepKind::Exec;
    PlannedStep { id: id.into(), step: id.into(), kind, needs: words(needs), services: words(services) }
}

fn step(run: &mut Run, pipeline: &str, id: &str, from: f64, to: f64) {
    let (pipeline, step, kind) = (pipeline.to_owned(), id.to_owned(), StepKind::Exec);
    let id = id.to_owned();
    let started = Event::StepStarted { pipeline: pipeline.clone(), id: id.clone(), step: step.clone(), kind };
    run.apply(from, &started);
    let (outcome, facts) = (Outcome::Ran, String::new());
    run.apply(to, &Event::StepFinished { pipeline, id, step, kind, outcome, seconds: to - from, facts });
}

fn service(run: &mut Run, name: &str, pipeline: &str, needs: &[&str], times: [f64; 3]) {
    let needs = needs.iter().map(ToString::to_string).collect();
    let states = [
        ServiceState::Creating { pipeline: pipeline.into(), needs },
        ServiceState::Starting { probe: "TCP".into() },
        ServiceState::Ready,
    ];
    for (at, state) in times.into_iter().zip(states) {
        run.apply(at, &Event::Service { service: name.into(), state, seconds: 0.0 });
    }
}

fn path(run: &Run) -> (Vec<String>, f64) {
    let critical = Timeline::of(run).critical;
    (critical.segments.into_iter().map(|segment| segment.label).collect(), critical.seconds)
}

/// A test among two services: one is quickly there, the other has to be built first.
fn among_services() -> Run {
    let mut run = Run::default();
    let build = [
        planned("sha256:a", &[], &[]),
        planned("sha256:b", &["sha256:a"], &[]),
        planned("sha256:c", &[], &[]),
    ];
    run.apply(0.0, &Event::PipelineStarted { pipeline: "web".into() });
    run.apply(0.0, &Event::StepsPlanned { pipeline: "web".into(), steps: build.to_vec() });
    step(&mut run, "web", "sha256:a", 0.0, 1.0);
    step(&mut run, "web", "sha256:c", 0.0, 3.0);
    step(&mut run, "web", "sha256:b", 1.0, 4.0);
    service(&mut run, "database", "data", &[], [0.0, 0.5, 2.0]);
    service(&mut run, "web", "web", &["database"], [0.0, 5.0, 6.0]);
    let test = planned("run:e2e", &[], &["web", "database"]);
    run.apply(0.0, &Event::PipelineStarted { pipeline: "e2e".into() });
    run.apply(0.0, &Event::StepsPlanned { pipeline: "e2e".into(), steps: vec![test] });
    step(&mut run, "e2e", "run:e2e", 6.0, 10.0);
    run.apply(11.0, &Event::RunFinished { exit_code: 0, seconds: 11.0, error: None });
    run
}

#[test]
fn it_goes_from_the_end_back_through_what_ended_last() {
    let (labels, seconds) = path(&among_services());
    assert_eq!(labels, ["web: sha256:a", "web: sha256:b", "web", "e2e: run:e2e"]);
    assert!((seconds - 9.0).abs() < 1e-9, "{seconds}");
}

#[test]
fn a_service_that_had_to_wait_for_another_comes_after_that() {
    let mut run = among_services();
    service(&mut run, "database", "data", &[], [0.0, 0.5, 2.0]);
    run.services[0].states =
        vec![(0.5, ServiceState::Starting { probe: "TCP".into() }), (5.0, ServiceState::Ready)];
    let (labels, seconds) = path(&run);
    assert_eq!(labels, ["database", "web", "e2e: run:e2e"]);
    assert!((seconds - 9.5).abs() < 1e-9, "{seconds}");
}

#[test]
fn needs_in_a_circle_end_it() {
    let mut run = Run::default();
    let steps = vec![planned("sha256:a", &["sha256:b"], &[]), planned("sha256:b", &["sha256:a"], &[])];
    run.apply(0.0, &Event::PipelineStarted { pipeline: "web".into() });
    run.apply(0.0, &Event::StepsPlanned { pipeline: "web".into(), steps });
    step(&mut run, "web", "sha256:a", 0.0, 1.0);
    step(&mut run, "web", "sha256:b", 1.0, 2.0);
    assert_eq!(path(&run).0, ["web: sha256:a", "web: sha256:b"]);
    assert_eq!(path(&Run::default()), (Vec::new(), 0.0));
}

#[test]
fn of_a_recorded_run() {
    let mut run = Run::default();
    for TimedEvent { at, event } in events(E2E_FAILED) {
        run.apply(at, &event);
    }
    let (labels, seconds) = path(&run);
    let test = "e2e: test npm run test:e2e teams.spec.ts wrong-password.spec.ts";
    assert_eq!(labels, ["crux: exec npm run build", "crux-migrate", "crux", test]);
    let end = run.end.unwrap().seconds;
    assert!(seconds < end && seconds > end - 2.0, "{seconds} of {end}");
}
