//! Who gets what is measured, traced and logged.

use super::{LogFile, LogFormat};
use crate::model::AskedService;
use http::{HeaderName, HeaderValue};
use std::{sync::Arc, time::Duration};

/// Somebody who gets telemetry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetryProvider {
    /// Its name, by which documents ask for it; letter case does not count.
    pub name: Arc<str>,
    /// What it is.
    pub kind: TelemetryProviderKind,
}

/// What a provider is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TelemetryProviderKind {
    /// Whoever reads this workload's metrics.
    Prometheus,
    /// A file, or an output of the process, for entries of logs.
    LogFile(LogFile),
    /// A collector of entries of logs that speaks OTLP.
    OpenTelemetryLog(Box<OpenTelemetryLog>),
    /// A collector of spans that speaks OTLP.
    OpenTelemetryTraces(Box<OpenTelemetryTraces>),
    /// A collector of spans that speaks Zipkin's JSON over HTTP.
    Zipkin(Box<Zipkin>),
    /// One that is not spoken to: it gets nothing.
    Other(&'static str),
}

impl TelemetryProviderKind {
    /// Where it is, if it is told over the network.
    #[must_use]
    pub fn service(&self) -> Option<&AskedService> {
        match self {
            Self::OpenTelemetryLog(collector) => Some(&collector.service),
            Self::OpenTelemetryTraces(collector) => Some(&collector.service),
            Self::Zipkin(collector) => Some(&collector.service),
            Self::Prometheus | Self::LogFile(_) | Self::Other(_) => None,
        }
    }
}

/// A collector of entries of logs that speaks OTLP over gRPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTelemetryLog {
    /// Where it is.
    pub service: AskedService,
    /// What the log is called.
    pub log_name: Arc<str>,
    /// The body of an entry, and its attributes.
    pub body: LogFormat,
    /// The attributes of an entry: an object whose texts may hold command operators.
    pub attributes: Arc<serde_json::Map<String, serde_json::Value>>,
}

/// A collector of spans that speaks OTLP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTelemetryTraces {
    /// Where it is.
    pub service: AskedService,
    /// How long tags may be, in bytes; as the mesh says when `None`.
    pub longest_tag: Option<u32>,
    /// How it is spoken to over HTTP; over gRPC when `None`.
    pub http: Option<HttpExport>,
    /// How long a call to it over gRPC may take; as long as it likes when `None`.
    pub timeout: Option<Duration>,
}

/// How a collector is spoken to over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpExport {
    /// The path.
    pub path: Box<str>,
    /// How long a call may take.
    pub timeout: Duration,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// A collector of spans that speaks Zipkin's JSON over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zipkin {
    /// Where it is.
    pub service: AskedService,
    /// How long tags may be, in bytes; as the mesh says when `None`.
    pub longest_tag: Option<u32>,
    /// The path.
    pub path: Box<str>,
    /// Whether ids of traces are of 64 bits and not of 128.
    pub has_short_ids: bool,
    /// The headers that carry a trace.
    pub context: TraceContext,
}

/// The headers that carry a trace to whoever is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TraceContext {
    /// B3.
    #[default]
    B3,
    /// B3, and W3C's `traceparent`.
    B3AndW3c,
}
