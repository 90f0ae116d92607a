//! Spans of runs, for OpenTelemetry. What sends them is there with the feature `otlp` only; without
//! it, whoever asks for spans is told how to have them.

use xtask_engine::event::Reporter;

/// Somebody asks for spans.
#[cfg(feature = "otlp")]
pub struct Spans {
    spans: xtask_otlp::Spans,
    settings: xtask_otlp::Settings,
}

/// Somebody asks for spans, and cannot have them.
#[cfg(not(feature = "otlp"))]
pub struct Spans;

#[cfg(feature = "otlp")]
impl Spans {
    /// What the environment asks for.
    pub fn from_environment() -> Option<Self> {
        let settings = xtask_otlp::Settings::from_environment(|name| std::env::var(name).ok())?;
        Some(Self { spans: xtask_otlp::Spans::default(), settings })
    }

    /// Who has to listen to the run.
    pub fn reporter(&self) -> Option<Box<dyn Reporter>> {
        Some(Box::new(self.spans.clone()))
    }

    /// Sends the run, which has ended; a sentence if that was in vain. Outside of any runtime.
    pub fn send(self) -> Option<String> {
        self.spans.send(&self.settings).err()
    }
}

#[cfg(not(feature = "otlp"))]
impl Spans {
    /// What the environment asks for.
    pub fn from_environment() -> Option<Self> {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let asks =
            ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"].into_iter().any(is_set);
        asks.then_some(Self)
    }

    /// Who has to listen to the run.
    pub fn reporter(&self) -> Option<Box<dyn Reporter>> {
        None
    }

    /// A sentence that says why nothing is sent.
    pub fn send(self) -> Option<String> {
        let text = "OTEL_EXPORTER_OTLP_ENDPOINT is set, but this xtask is built without OpenTelemetry; to send \
            spans, set CARGO_ALIAS_XTASK='run --quiet --package xtask --features otlp --'";
        Some(text.into())
    }
}
