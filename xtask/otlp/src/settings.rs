//! Where spans go, as OpenTelemetry's own variables say it:
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.

use std::collections::HashMap;

use opentelemetry::trace::{SpanId, TraceId};

/// Where spans go. What else the variables may say, like compression, the exporter reads itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    endpoint: String,
    protocol: Option<String>,
    headers: HashMap<String, String>,
    service: String,
    parent: Option<(TraceId, SpanId)>,
}

impl Settings {
    /// The settings that the environment has, as `variable` knows it; none if nobody asks for spans.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let of_traces = |name: &str| {
            variable(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"))
                .or_else(|| variable(&format!("OTEL_EXPORTER_OTLP_{name}")))
        };
        let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || variable("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
        if is_off {
            return None;
        }
        // Only the general one has a path added to it.
        let endpoint = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| {
            let general = variable("OTEL_EXPORTER_OTLP_ENDPOINT")?;
            Some(format!("{}/v1/traces", general.trim_end_matches('/')))
        })?;
        Some(Self {
            endpoint,
            protocol: of_traces("PROTOCOL"),
            headers: of_traces("HEADERS").map(|text| headers(&text)).unwrap_or_default(),
            service: variable("OTEL_SERVICE_NAME").unwrap_or_else(|| "xtask".into()),
            parent: variable("TRACEPARENT").and_then(|text| parent(&text)),
        })
    }

    /// Whether we can send there.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.protocol.as_deref() {
            None | Some("http/protobuf") => {}
            Some(other) => {
                return Err(format!(
                    "{other} is not spoken here; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
                ));
            }
        }
        match self.endpoint.starts_with("http://") {
            true => Ok(()),
            false => Err("only http:// is spoken here; let a collector on this machine send it on".into()),
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn headers(&self) -> HashMap<String, String> {
        self.headers.clone()
    }

    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    pub(crate) fn parent(&self) -> Option<(TraceId, SpanId)> {
        self.parent
    }
}

/// `name=value,name=value`; the exporter decodes what is percent-encoded.
fn headers(text: &str) -> HashMap<String, String> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// `00-TRACE-SPAN-FLAGS`: <https://www.w3.org/TR/trace-context/#traceparent-header>.
fn parent(text: &str) -> Option<(TraceId, SpanId)> {
    let parts: Vec<&str> = text.trim().split('-').collect();
    let [version, trace, span, ..] = parts.as_slice() else { return None };
    if *version == "ff" || (trace.len(), span.len()) != (32, 16) {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    (trace != TraceId::INVALID && span != SpanId::INVALID).then_some((trace, span))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Option<Settings> {
        Settings::from_environment(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_endpoint_asks_for_spans_and_that_of_traces_is_taken_as_it_is() {
        assert_eq!(settings(&[]), None);
        assert_eq!(settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), None);
        let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://here:4318/");
        assert_eq!(settings(&[general]).unwrap().endpoint, "http://here:4318/v1/traces");
        let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://there/traces");
        assert_eq!(settings(&[general, traces]).unwrap().endpoint, "http://there/traces");
        assert_eq!(settings(&[general, ("OTEL_SDK_DISABLED", "true")]), None);
        assert_eq!(settings(&[general, ("OTEL_TRACES_EXPORTER", "none")]), None);
    }

    #[test]
    fn what_is_not_spoken_is_told_with_what_to_do() {
        let check = |endpoint, protocol| {
            let variables =
                [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)];
            settings(&variables).unwrap().check()
        };
        assert_eq!(check("http://here", ""), Ok(()));
        assert!(
            check("http://here", "grpc").unwrap_err().ends_with("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")
        );
        assert!(check("https://here", "http/protobuf").unwrap_err().starts_with("only http:// is spoken"));
    }

    #[test]
    fn a_parent_is_taken_as_the_standard_has_it() {
        let of = |text| parent(text).map(|(trace, span)| format!("{trace} {span}"));
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(of(good).as_deref(), Some("0af7651916cd43dd8448eb211c80319c b7ad6b7169203331"));
        for bad in [
            "",
            "00-1-2-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
