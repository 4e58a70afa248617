//! `extensionProviders` → who can get telemetry.

use super::{Site, extension_provider::asked_service, log_format};
use crate::{
    document::{
        self, Collector, ExtensionProvider, FileAccessLog, HttpHeader, Path, ProviderKind, ZipkinTraces,
    },
    model::{
        AskedService, HttpExport, LogFile, LogFormat, MeshTelemetry, OpenTelemetryLog, OpenTelemetryTraces,
        TelemetryProvider, TelemetryProviderKind, TraceContext, Zipkin, mark,
    },
};
use http::{HeaderName, HeaderValue};
use std::{sync::Arc, time::Duration};

/// Where Zipkin takes spans.
pub(super) const ZIPKIN_PATH: &str = "/api/v2/spans";
/// How long a call to a collector over HTTP may take where nobody says.
const TIMEOUT: Duration = Duration::from_secs(3);
/// What a log is called where nobody says.
const LOG_NAME: &str = "otel_envoy_accesslog";

/// Those that are written and those that are always there; `format` is what entries of logs look like for the latter.
pub(super) fn translate(
    site: Site<'_>,
    at: &Path<'_>,
    written: &[ExtensionProvider],
    format: &LogFormat,
) -> Vec<Arc<TelemetryProvider>> {
    let mut providers: Vec<Arc<TelemetryProvider>> = Vec::new();
    for (index, written) in written.iter().enumerate() {
        let at = at.index(index);
        let kind = written.kind.as_ref().and_then(|kind| provider(site, &at, kind));
        let provider = kind.map(|kind| TelemetryProvider { name: written.name.as_str().into(), kind });
        providers.extend(provider.map(Arc::new));
    }
    for built_in in MeshTelemetry::default().providers {
        if !written.iter().any(|written| written.name.eq_ignore_ascii_case(&built_in.name)) {
            providers.push(formatted(built_in, format));
        }
    }
    providers
}

/// A provider that is always there, with entries as the mesh has them.
fn formatted(provider: Arc<TelemetryProvider>, format: &LogFormat) -> Arc<TelemetryProvider> {
    match &provider.kind {
        TelemetryProviderKind::LogFile(file) => {
            let file = LogFile { path: Arc::clone(&file.path), format: format.clone() };
            let kind = TelemetryProviderKind::LogFile(file);
            Arc::new(TelemetryProvider { name: Arc::clone(&provider.name), kind })
        }
        _ => provider,
    }
}

fn provider(site: Site<'_>, at: &Path<'_>, kind: &ProviderKind) -> Option<TelemetryProviderKind> {
    Some(match kind {
        ProviderKind::ExtAuthzHttp(_) | ProviderKind::ExtAuthzGrpc(_) => return None,
        ProviderKind::Prometheus => TelemetryProviderKind::Prometheus,
        ProviderKind::FileAccessLog(file) => {
            check_format(site, &at.field("envoyFileAccessLog"), file.log_format.as_ref());
            TelemetryProviderKind::LogFile(log_file(file))
        }
        ProviderKind::OtelAccessLog(log) => {
            let at = at.field("envoyOtelAls");
            check_format(site, &at, log.log_format.as_ref());
            let (body, attributes) = otel_format(log.log_format.as_ref());
            let name = Some(log.log_name.as_str()).filter(|name| !name.is_empty()).unwrap_or(LOG_NAME);
            TelemetryProviderKind::OpenTelemetryLog(Box::new(OpenTelemetryLog {
                service: service(site, &at, &log.collector)?,
                log_name: name.into(),
                body,
                attributes,
            }))
        }
        ProviderKind::OpenTelemetry(written) => {
            let traces = open_telemetry(site, &at.field("opentelemetry"), written)?;
            TelemetryProviderKind::OpenTelemetryTraces(Box::new(traces))
        }
        ProviderKind::Zipkin(written) => {
            TelemetryProviderKind::Zipkin(Box::new(zipkin(site, &at.field("zipkin"), written)?))
        }
        ProviderKind::Other(name, collector) => {
            let at = at.field(name);
            site.check.later(&at);
            if let Some(collector) = collector {
                service(site, &at, collector);
            }
            TelemetryProviderKind::Other(name)
        }
    })
}

fn service(site: Site<'_>, at: &Path<'_>, written: &Collector) -> Option<AskedService> {
    asked_service(site, at, &written.service, written.port)
}

fn check_format(site: Site<'_>, parent: &Path<'_>, written: Option<&document::LogFormat>) {
    let Some(written) = written else { return };
    let at = parent.field("logFormat");
    if let Some(text) = &written.text {
        log_format::check(site, &at.field("text"), text);
    }
    if let Some(labels) = &written.labels {
        log_format::check_object(site, &at.field("labels"), &labels.0);
    }
}

fn log_file(written: &FileAccessLog) -> LogFile {
    let path = Some(written.path.as_str()).filter(|path| !path.is_empty());
    let format = written.log_format.as_ref();
    let format = match format.map(|format| (&format.text, &format.labels)) {
        Some((Some(text), _)) if !text.is_empty() => LogFormat::TextOf(text.as_str().into()),
        Some((_, Some(labels))) if labels.0.is_empty() => LogFormat::Json,
        Some((_, Some(labels))) => LogFormat::JsonOf(Arc::new(labels.0.clone())),
        _ => LogFormat::Text,
    };
    LogFile { path: path.unwrap_or(MeshTelemetry::OUTPUT).into(), format }
}

/// The body of an entry, and its attributes.
fn otel_format(
    written: Option<&document::LogFormat>,
) -> (LogFormat, Arc<serde_json::Map<String, serde_json::Value>>) {
    let text = written.and_then(|format| format.text.as_deref()).filter(|text| !text.is_empty());
    let labels = written.and_then(|format| format.labels.as_ref()).map(|labels| labels.0.clone());
    let body = text.map_or(LogFormat::Text, |text| LogFormat::TextOf(text.into()));
    (body, Arc::new(labels.unwrap_or_default()))
}

fn longest_tag(collector: &Collector) -> Option<u32> {
    Some(collector.max_tag_length).filter(|longest| *longest > 0)
}

fn open_telemetry(
    site: Site<'_>,
    at: &Path<'_>,
    written: &document::OpenTelemetry,
) -> Option<OpenTelemetryTraces> {
    for field in &written.unused {
        site.check.later(&at.field(field));
    }
    if written.http.is_some() && written.grpc.is_some() {
        let reason = "OpenTelemetryTracingProvider cannot specify both http and grpc fields";
        site.check.refuse_with(at, reason, "keep one");
    }
    if written.grpc.as_ref().is_some_and(|grpc| !grpc.initial_metadata.is_empty()) {
        let at = at.field("grpc");
        site.check.later(&at.field("initialMetadata"));
    }
    let http = written.http.as_ref().map(|http| http_export(site, &at.field("http"), http));
    Some(OpenTelemetryTraces {
        service: service(site, at, &written.collector)?,
        longest_tag: longest_tag(&written.collector),
        http,
        timeout: written.grpc.as_ref().and_then(|grpc| grpc.timeout),
    })
}

fn http_export(site: Site<'_>, at: &Path<'_>, written: &document::OpenTelemetryHttp) -> HttpExport {
    site.maybe_duration(at, "timeout", written.timeout);
    if written.path.is_empty() {
        site.check.refuse_with(at, "path must not be empty", "write path: /v1/traces");
    } else if !is_path(&written.path) {
        let reason = format!("invalid path {:?}", written.path);
        site.check.refuse_with(&at.field("path"), reason, "write path: /v1/traces");
    }
    let headers_at = at.field("headers");
    let headers = written.headers.iter().enumerate();
    let headers = headers.filter_map(|(index, written)| header(site, &headers_at.index(index), written));
    HttpExport {
        path: written.path.as_str().into(),
        timeout: written.timeout.unwrap_or(TIMEOUT),
        headers: headers.collect(),
    }
}

fn header(site: Site<'_>, at: &Path<'_>, written: &HttpHeader) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(written.name.as_bytes());
    let name = site.check.accept(&at.field("name"), name.map_err(|_| "is not a valid header name"))?;
    if !written.env_name.is_empty() {
        let reason = "is a variable of the control plane's, and is not known here: the header is not sent";
        site.check.warn(&at.field("envName"), reason, "write value");
        return None;
    }
    let value = HeaderValue::from_str(&written.value);
    let value = value.map_err(|_| "cannot be sent in a header");
    let mut value = site.check.accept(&at.field("value"), value)?;
    mark(&name, &mut value);
    Some((name, value))
}

fn zipkin(site: Site<'_>, at: &Path<'_>, written: &ZipkinTraces) -> Option<Zipkin> {
    for field in &written.unused {
        site.check.later(&at.field(field));
    }
    let path = Some(written.path.as_str()).filter(|path| !path.is_empty()).unwrap_or(ZIPKIN_PATH);
    if !is_path(path) {
        site.check.refuse(&at.field("path"), format!("invalid path {path:?}"));
    }
    Some(Zipkin {
        service: service(site, at, &written.collector)?,
        longest_tag: longest_tag(&written.collector),
        path: path.into(),
        has_short_ids: written.enable_64bit_trace_id,
        context: match written.trace_context_option {
            document::TraceContextOption::UseB3 => TraceContext::B3,
            document::TraceContextOption::UseB3WithW3cPropagation => TraceContext::B3AndW3c,
        },
    })
}

/// Whether a text can be a path.
fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.parse::<http::uri::PathAndQuery>().is_ok()
}
