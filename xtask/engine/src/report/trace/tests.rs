//! The trace of a recorded run, as Perfetto takes it.

use std::collections::HashMap;

use super::*;
use crate::report::TimedEvent;
use crate::report::fixtures::{E2E_FAILED, events};

#[test]
fn a_run_is_processes_with_threads_of_complete_events() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/trace.json");
    let mut trace = Trace::create(&path, |error| panic!("{error}")).unwrap();
    for TimedEvent { at, event } in events(E2E_FAILED) {
        trace.event(Duration::from_secs_f64(at), &event);
    }
    let trace: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();

    let mut names: HashMap<(u64, &str), &str> = HashMap::new();
    let mut ends: HashMap<(u64, u64), f64> = HashMap::new();
    for event in events {
        let (pid, tid) = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        match event["ph"].as_str().unwrap() {
            "M" if event["name"] == "process_name" => {
                names.insert((pid, "process"), event["args"]["name"].as_str().unwrap());
            }
            "M" => {}
            "X" => {
                let (at, took) = (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
                let end = ends.entry((pid, tid)).or_default();
                // Microseconds; what overlaps in a thread would be drawn as if it were nested. Tests of a
                // tool are told in milliseconds.
                assert!(took >= 0.0 && at >= *end - 20_000.0, "{event} begins before {end}");
                *end = at + took;
            }
            other => panic!("{other}: {event}"),
        }
    }
    let mut processes: Vec<&str> = names.values().copied().collect();
    processes.sort_unstable();
    let expected = ["cargo xtask e2e", "crux", "crux-ui", "database", "e2e", "kratos", "services", "traefik"];
    assert_eq!(processes, expected);
    let build =
        events.iter().find(|event| event["name"] == "exec npm run build" && event["args"]["state"] == "ran");
    let build = build.unwrap();
    assert_eq!((&build["cat"], &build["args"]["critical path"]), (&"step".into(), &true.into()));
    assert!((4.7e6..4.9e6).contains(&build["dur"].as_f64().unwrap()), "{build}");
    assert!(events.iter().any(|event| event["cat"] == "service" && event["name"] == "ready"));
}
