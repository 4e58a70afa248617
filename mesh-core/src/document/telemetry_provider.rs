//! The providers of telemetry among `extensionProviders` of a MeshConfig.

use super::{
    node::{Node, Value},
    read::{At, Fields, Read},
};
use serde_json::{Map, Number, Value as Json};
use std::time::Duration;

/// `envoyFileAccessLog`: a file, or an output of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileAccessLog {
    /// The file. Default: `/dev/stdout`.
    pub path: String,
    /// What an entry looks like. Default: a line of Istio's usual text.
    pub log_format: Option<LogFormat>,
}

/// What an entry of a log looks like; of both the first that is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFormat {
    /// A text with command operators.
    pub text: Option<String>,
    /// An object whose texts may hold command operators.
    pub labels: Option<Object>,
}

/// An object of JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(pub Map<String, Json>);

/// Where a service is that gets telemetry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collector {
    /// The service: `host` or `namespace/host`, where the host is a full name. Required.
    pub service: String,
    /// Its port. Required.
    pub port: u32,
    /// How long tags may be, in bytes. Default: as the mesh says.
    pub max_tag_length: u32,
}

/// `envoyOtelAls`: a collector of entries of logs that speaks OTLP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtelAccessLog {
    /// Where it is.
    pub collector: Collector,
    /// What the log is called. Default: `otel_envoy_accesslog`.
    pub log_name: String,
    /// The body of an entry, and its attributes. Default: a line of Istio's usual text, and none.
    pub log_format: Option<LogFormat>,
}

/// `opentelemetry`: a collector of spans that speaks OTLP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenTelemetry {
    /// Where it is.
    pub collector: Collector,
    /// How it is spoken to over HTTP. Default: it is not, but over gRPC.
    pub http: Option<OpenTelemetryHttp>,
    /// How it is spoken to over gRPC. Default: as usual.
    pub grpc: Option<OpenTelemetryGrpc>,
    /// What is written besides, and has no effect.
    pub unused: Vec<&'static str>,
}

/// How a collector is spoken to over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenTelemetryHttp {
    /// The path. Required.
    pub path: String,
    /// How long a call may take. Default: 3 s.
    pub timeout: Option<Duration>,
    /// Further headers. Default: none.
    pub headers: Vec<HttpHeader>,
}

/// How a collector is spoken to over gRPC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenTelemetryGrpc {
    /// How long a call may take. Default: as long as it likes.
    pub timeout: Option<Duration>,
    /// Further headers, which have no effect.
    pub initial_metadata: Vec<HttpHeader>,
}

/// A header that is sent to a collector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpHeader {
    /// Its name. Required.
    pub name: String,
    /// Its value. Required, unless `env_name` is written.
    pub value: String,
    /// The variable of the control plane's environment that has its value, which is not known here.
    pub env_name: String,
}

/// `zipkin`: a collector of spans that speaks Zipkin's JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZipkinTraces {
    /// Where it is.
    pub collector: Collector,
    /// The path. Default: `/api/v2/spans`.
    pub path: String,
    /// Whether ids of traces are of 64 bits. Default: false.
    pub enable_64bit_trace_id: bool,
    /// The headers that carry a trace. Default: B3.
    pub trace_context_option: TraceContextOption,
    /// What is written besides, and has no effect.
    pub unused: Vec<&'static str>,
}

/// The headers that carry a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceContextOption {
    /// B3.
    #[default]
    UseB3,
    /// B3 and W3C's.
    UseB3WithW3cPropagation,
}

impl Read for FileAccessLog {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore("omitEmptyValues");
            Self { path: f.take("path"), log_format: f.maybe("logFormat") }
        })
    }
}

impl Read for LogFormat {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { text: f.maybe("text"), labels: f.maybe("labels") })
    }
}

impl Read for Object {
    fn read(at: At<'_>) -> Option<Self> {
        match json(at.node) {
            Json::Object(object) => Some(Self(object)),
            _ => {
                at.expected("a mapping");
                None
            }
        }
    }
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::Text(text) => Json::String(text.to_string()),
        Value::List(nodes) => Json::Array(nodes.iter().map(json).collect()),
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.to_string(), json(&entry.value)));
            Json::Object(entries.collect())
        }
    }
}

impl Collector {
    fn read_fields(f: &mut Fields<'_>) -> Self {
        Self { service: f.take("service"), port: f.take("port"), max_tag_length: f.take("maxTagLength") }
    }
}

impl Read for Collector {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self::read_fields(f)
        })
    }
}

impl Read for OtelAccessLog {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore("filterStateObjectsToLog");
            Self {
                collector: Collector::read_fields(f),
                log_name: f.take("logName"),
                log_format: f.maybe("logFormat"),
            }
        })
    }
}

impl Read for OpenTelemetry {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            let unused = written(f, &["resourceDetectors", "dynatraceSampler"]);
            f.ignore("serviceAttributeEnrichment");
            Self {
                collector: Collector::read_fields(f),
                http: f.maybe("http"),
                grpc: f.maybe("grpc"),
                unused,
            }
        })
    }
}

impl Read for OpenTelemetryHttp {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { path: f.take("path"), timeout: f.maybe("timeout"), headers: f.take("headers") })
    }
}

impl Read for OpenTelemetryGrpc {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { timeout: f.maybe("timeout"), initial_metadata: f.take("initialMetadata") })
    }
}

impl Read for HttpHeader {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { name: f.take("name"), value: f.take("value"), env_name: f.take("envName") })
    }
}

impl Read for ZipkinTraces {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            let unused = written(f, &["timeout", "headers"]);
            Self {
                collector: Collector::read_fields(f),
                path: f.take("path"),
                // The name in snake_case has an underscore that the rule for such names does not give it.
                enable_64bit_trace_id: f.take::<bool>("enable64bitTraceId")
                    | f.take::<bool>("enable_64bit_trace_id"),
                trace_context_option: f.take("traceContextOption"),
                unused,
            }
        })
    }
}

impl Read for TraceContextOption {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("USE_B3", 0, Self::UseB3),
            ("USE_B3_WITH_W3C_PROPAGATION", 1, Self::UseB3WithW3cPropagation),
        ])
    }
}

/// Those of these fields that are written; all of them are accepted.
fn written(f: &mut Fields<'_>, names: &[&'static str]) -> Vec<&'static str> {
    names.iter().for_each(|name| f.ignore(name));
    names.iter().copied().filter(|name| f.has(name)).collect()
}
