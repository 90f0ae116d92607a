//! Events as they are, one JSON object a line, for programs: the form that a record has, described
//! in `docs/events.md`.

use std::io::Write;
use std::time::Duration;

use super::Verbosity;
use super::reader::Reader;
use super::record::line;
use crate::event::{Event, Reporter};

/// Writes events as JSON. Quiet, it leaves out all but how things ended.
pub struct Json<W> {
    out: Reader<W>,
    verbosity: Verbosity,
}

impl<W: Write + Send> Json<W> {
    /// Writes to `out`. When nobody reads it any more, `on_closed` is called, once.
    pub fn new(out: W, verbosity: Verbosity, on_closed: impl FnOnce() + Send + 'static) -> Self {
        Self { out: Reader::new(out, on_closed), verbosity }
    }
}

impl<W: Write + Send> Reporter for Json<W> {
    fn event(&mut self, at: Duration, event: &Event) {
        if self.verbosity == Verbosity::Quiet && !is_result(event) {
            return;
        }
        let Some(line) = line(at.as_secs_f64(), event) else { return };
        self.out.write(&line);
    }
}

/// Whether it tells how something ended, or, as the first, what all of it is.
fn is_result(event: &Event) -> bool {
    matches!(
        event,
        Event::RunStarted { .. }
            | Event::Output { .. }
            | Event::TestFinished { .. }
            | Event::StepFailed { .. }
            | Event::ServiceFailed { .. }
            | Event::ServicesLeft { .. }
            | Event::PipelineFinished { .. }
            | Event::RunFinished { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::TimedEvent;
    use crate::report::fixtures::{E2E_FAILED, Page, SERVICE_FAILED, TEST_CACHED, events};

    fn told(verbosity: Verbosity, run: &str) -> String {
        let page = Page::default();
        let mut json = Json::new(page.clone(), verbosity, || {});
        for TimedEvent { at, event } in events(run) {
            json.event(Duration::from_secs_f64(at), &event);
        }
        page.text()
    }

    #[test]
    fn a_line_is_an_event_and_reads_back_as_the_same() {
        for run in [TEST_CACHED, SERVICE_FAILED, E2E_FAILED] {
            let told = told(Verbosity::Normal, run);
            assert_eq!(told.lines().count(), run.lines().count());
            for (told, event) in events(&told).iter().zip(events(run)) {
                assert_eq!(told.event, event.event);
                assert!((told.at - event.at).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn quiet_tells_how_things_ended() {
        let kinds = |run| {
            let told = told(Verbosity::Quiet, run);
            let kind = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].to_string();
            told.lines().map(kind).collect::<Vec<_>>()
        };
        let end = ["\"pipeline_finished\"", "\"run_finished\""];
        assert_eq!(kinds(TEST_CACHED), [&["\"run_started\"", "\"test_finished\""][..], &end].concat());
        assert!(kinds(SERVICE_FAILED).contains(&"\"service_failed\"".to_owned()));
    }

    #[test]
    fn a_reader_that_goes_away_is_noticed_once() {
        let closed = std::sync::Arc::new(std::sync::Mutex::new(0));
        let count = closed.clone();
        let mut json =
            Json::new(Page::closed_after(1), Verbosity::Normal, move || *count.lock().unwrap() += 1);
        for TimedEvent { event, .. } in events(TEST_CACHED) {
            json.event(Duration::ZERO, &event);
        }
        assert_eq!(*closed.lock().unwrap(), 1);
    }
}
