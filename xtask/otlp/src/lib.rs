//! A run as OpenTelemetry spans, sent to a collector when it has ended. A crate of its own, for what
//! it brings with it takes longer to compile than most will ever wait for a trace.

mod settings;
mod spans;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::SpanExporter as _;
use xtask_engine::event::{Event, Reporter};
use xtask_engine::report::Run;

pub use settings::Settings;

/// How long a collector may take: nobody waits longer for a run that has ended.
const LIMIT: Duration = Duration::from_secs(2);
/// The exporter's own limit, which tells less: it must not come first.
const LONGER: Duration = Duration::from_secs(4);

/// Follows a run, to send it when it has ended. Clones share what they saw.
#[derive(Clone, Default)]
pub struct Spans(Arc<Mutex<Run>>);

impl Reporter for Spans {
    fn event(&mut self, at: Duration, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).apply(at.as_secs_f64(), event);
    }
}

impl Spans {
    /// Sends the run. Waits for two seconds at most, outside of any runtime.
    ///
    /// # Errors
    /// One sentence that says why the collector does not have it.
    pub fn send(&self, settings: &Settings) -> Result<(), String> {
        let run = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        send(&run, settings)
    }
}

fn send(run: &Run, settings: &Settings) -> Result<(), String> {
    let failed =
        |why: String| format!("the spans of this run could not be sent to {}: {why}", settings.endpoint());
    settings.check().map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(error.to_string()))?;
    let sent = runtime.block_on(async {
        let mut exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(HyperClient::with_default_connector(LONGER, None))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(settings.endpoint())
            .with_headers(settings.headers())
            .with_timeout(LONGER)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        exporter.set_resource(&resource(settings));
        let spans = spans::of(run, settings.parent());
        match tokio::time::timeout(LIMIT, exporter.export(spans)).await {
            Ok(sent) => sent.map_err(|error| failed(in_words(error))),
            Err(_) => Err(failed(format!("it did not answer within {} s", LIMIT.as_secs()))),
        }
    });
    // A name that is still being looked up is waited for no longer.
    runtime.shutdown_background();
    sent
}

fn in_words(error: OTelSdkError) -> String {
    match error {
        OTelSdkError::InternalFailure(text) => text,
        other => other.to_string(),
    }
}

/// Who tells: `OTEL_RESOURCE_ATTRIBUTES` and what the SDK knows of itself, and our name.
fn resource(settings: &Settings) -> Resource {
    Resource::builder()
        .with_service_name(settings.service().to_owned())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build()
}
