//! Collectors that the environment names, by the variables of OpenTelemetry.

use super::data;
use crate::{
    BoxError,
    telemetry::spans::span::{Batch, Export, SpanExporter},
};
use futures_util::future::BoxFuture;
use http::Uri;
use opentelemetry_otlp::{Protocol, SpanExporter as Otlp, WithExportConfig};
use opentelemetry_sdk::trace::SpanExporter as _;
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// Where the collector is, for spans and for everything.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/// What it speaks, likewise.
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];

/// Brings spans to the collector of the environment. What else its variables say is for OpenTelemetry to read.
struct Environment {
    protocol: Protocol,
    /// Made when there are spans, as only then the service and a runtime are known.
    exporter: OnceLock<Option<Arc<Otlp>>>,
}

/// Whoever brings spans to the collector that the environment names; `None` when it names none, or says that there are to
/// be no spans.
///
/// # Errors
/// Which variable cannot be used, and what to write.
pub(crate) fn from_environment(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<SpanExporter>, (&'static str, String)> {
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, variable(name)?)));
    let is_off = |name: &str, word: &str| variable(name).is_some_and(|said| said.eq_ignore_ascii_case(word));
    let Some((name, endpoint)) = first(ENDPOINTS) else { return Ok(None) };
    if is_off("OTEL_SDK_DISABLED", "true") || is_off("OTEL_TRACES_EXPORTER", "none") {
        return Ok(None);
    }
    let protocol = match first(PROTOCOLS) {
        None => Protocol::HttpBinary,
        Some((_, said)) if said == "http/protobuf" => Protocol::HttpBinary,
        Some((_, said)) if said == "grpc" => Protocol::Grpc,
        Some((name, said)) => {
            return Err((name, format!("{said:?} is not spoken here (write grpc or http/protobuf)")));
        }
    };
    // It may hold a password, and whoever wrote it knows it.
    let invalid = || (name, "this is no address (write http://127.0.0.1:4318)".to_owned());
    let uri: Uri = endpoint.parse().map_err(|_| invalid())?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") if protocol == Protocol::Grpc => {}
        Some("https") => {
            return Err((name, format!("TLS is spoken over gRPC alone (write {}=grpc)", PROTOCOLS[1])));
        }
        _ => return Err(invalid()),
    }
    Ok(Some(SpanExporter::new(Environment { protocol, exporter: OnceLock::new() })))
}

impl Export for Environment {
    fn export(&self, batch: Batch) -> BoxFuture<'static, Result<(), BoxError>> {
        let exporter = self.exporter.get_or_init(|| match make(self.protocol, &batch) {
            Ok(exporter) => Some(Arc::new(exporter)),
            Err(error) => {
                tracing::error!(error, "nobody gets spans: the environment's collector cannot be used");
                None
            }
        });
        let exporter = exporter.clone();
        Box::pin(async move {
            let exporter = exporter.ok_or("the environment's collector cannot be used")?;
            Ok(exporter.export(data::spans(batch)).await?)
        })
    }
}

fn make(protocol: Protocol, batch: &Batch) -> Result<Otlp, BoxError> {
    let mut exporter = match protocol {
        Protocol::Grpc => Otlp::builder().with_tonic().build()?,
        _ => Otlp::builder().with_http().with_protocol(protocol).build()?,
    };
    exporter.set_resource(&data::resource(batch));
    Ok(exporter)
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<bool, (&'static str, String)> {
        let find = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        from_environment(find).map(|exporter| exporter.is_some())
    }

    #[test]
    fn the_environment_names_a_collector() {
        let here = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert_eq!(read(&[]), Ok(false));
        assert_eq!(read(&[here]), Ok(true));
        assert_eq!(read(&[here, ("OTEL_TRACES_EXPORTER", "none")]), Ok(false));
        assert_eq!(read(&[here, ("OTEL_SDK_DISABLED", "TRUE")]), Ok(false));
        let safe = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://collector:4317");
        assert_eq!(read(&[here, safe, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]), Ok(true));
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        let refused = |variables: &[(&str, &str)]| read(variables).unwrap_err();
        let (name, why) = refused(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318")]);
        assert_eq!(name, "OTEL_EXPORTER_OTLP_ENDPOINT");
        assert_eq!(why, "this is no address (write http://127.0.0.1:4318)");
        let safe = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://collector:4318");
        assert!(refused(&[safe]).1.contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc"));
        let json = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json");
        assert_eq!(refused(&[safe, json]).0, "OTEL_EXPORTER_OTLP_PROTOCOL");
    }
}
