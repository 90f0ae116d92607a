//! A run is sent to a collector over HTTP, and arrives as the protocol has it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use xtask_engine::event::Reporter;
use xtask_engine::report::TimedEvent;
use xtask_otlp::{Settings, Spans};

const FAILED: &str = include_str!("../../engine/src/report/fixtures/e2e-failed.jsonl");

/// A request: its first line and its headers, in lower case, and its body.
type Request = (String, Vec<u8>);

/// A collector that takes one request and answers with `status`.
fn collector(status: &'static str) -> (String, JoinHandle<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let request = std::thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            stream.read_line(&mut head).unwrap();
        }
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.get_mut().write_all(answer.as_bytes()).unwrap();
        (head, body)
    });
    (endpoint, request)
}

/// Sends the run to a collector that answers with `status`. Where a busy machine holds up one of them
/// for the two seconds that it may take, once more.
fn sent(status: &'static str) -> (Result<(), String>, Request) {
    for _ in 0..10 {
        let (endpoint, request) = collector(status);
        let sent = spans().send(&settings(&endpoint));
        if !matches!(&sent, Err(why) if is_too_late(why)) {
            return (sent, request.join().unwrap());
        }
    }
    panic!("nobody answered in time");
}

fn is_too_late(why: &str) -> bool {
    why.contains("did not answer within 2 s") || why.contains("deadline has elapsed")
}

fn settings(endpoint: &str) -> Settings {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=crux,authorization=Bearer%20token"),
        ("OTEL_SERVICE_NAME", "nightly"),
        ("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    let value =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Settings::from_environment(value).unwrap()
}

fn spans() -> Spans {
    let mut spans = Spans::default();
    for line in FAILED.lines() {
        let TimedEvent { at, event } = serde_json::from_str(line).unwrap();
        spans.event(Duration::from_secs_f64(at), &event);
    }
    spans
}

fn attribute(span: &Span, name: &str) -> String {
    let value = span.attributes.iter().find(|pair| pair.key == name).and_then(|pair| pair.value.clone());
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::BoolValue(is)) => is.to_string(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{name}: {other:?} in {span:?}"),
    }
}

#[test]
fn a_run_arrives_as_spans_below_the_one_that_asked_for_it() {
    let (sent, (head, body)) = sent("200 OK");
    sent.unwrap();
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    for header in ["content-type: application/x-protobuf", "x-team: crux", "authorization: bearer token"] {
        assert!(head.contains(header), "{header} in {head}");
    }

    let sent = ExportTraceServiceRequest::decode(&*body).unwrap();
    let resource = sent.resource_spans[0].resource.clone().unwrap();
    let service = resource.attributes.iter().find(|pair| pair.key == "service.name").unwrap();
    assert_eq!(service.value.clone().unwrap().value, Some(Value::StringValue("nightly".into())));

    let spans = &sent.resource_spans[0].scope_spans[0].spans;
    let named = |name: &str| {
        let mut found = spans.iter().filter(|span| span.name.starts_with(name));
        found.next().unwrap_or_else(|| panic!("no span {name}"))
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(spans.iter().all(|span| hex(&span.trace_id) == "0af7651916cd43dd8448eb211c80319c"));
    let root = named("cargo xtask e2e");
    assert_eq!(hex(&root.parent_span_id), "b7ad6b7169203331");
    assert_eq!(attribute(root, "process.exit.code"), "1");
    let error = root.status.clone().unwrap();
    assert_eq!((error.code, error.message.as_str()), (2, "e2e: 4 of 7 tests failed"));

    let pipeline = named("crux");
    assert_eq!(pipeline.parent_span_id, root.span_id);
    let build = spans
        .iter()
        .find(|span| span.name == "exec npm run build" && attribute(span, "xtask.cached") == "false");
    let build = build.unwrap();
    assert_eq!(build.parent_span_id, pipeline.span_id);
    assert_eq!(
        (attribute(build, "xtask.outcome"), attribute(build, "xtask.critical")),
        ("ran".into(), "true".into())
    );
    let seconds = (build.end_time_unix_nano - build.start_time_unix_nano) as f64 / 1e9;
    assert!((4.0..6.0).contains(&seconds), "{seconds}");
    let test = named("test npm run test:e2e");
    assert_eq!((attribute(test, "process.exit.code"), test.status.clone().unwrap().code), ("1".into(), 2));
    let database =
        spans.iter().find(|span| span.name == "database" && attribute(span, "xtask.kind") == "service");
    let states: Vec<&str> = database.unwrap().events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(states, ["creating", "starting", "ready", "stopping"]);
}

#[test]
fn a_collector_that_refuses_is_told_in_one_sentence() {
    let error = sent("403 Forbidden").0.unwrap_err();
    assert!(error.starts_with("the spans of this run could not be sent to http://127.0.0.1:"), "{error}");
    assert!(error.contains("403"), "{error}");
}

#[test]
fn a_collector_that_says_nothing_costs_two_seconds_and_no_more() {
    // It accepts what comes, as the system does for it, and never reads.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let began = Instant::now();
    let error = spans().send(&settings(&endpoint)).unwrap_err();
    assert!(is_too_late(&error), "{error}");
    // The exporter's own limit is ten.
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
}
