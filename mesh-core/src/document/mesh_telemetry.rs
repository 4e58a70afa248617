//! What a MeshConfig says of telemetry.

use super::{
    custom_tag::CustomTag,
    read::{At, Fields, Read},
};
use std::collections::BTreeMap;

/// The fields of a MeshConfig that are about telemetry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshTelemetry {
    /// The file that requests are written to where no Telemetry says otherwise. Default: none.
    pub access_log_file: String,
    /// What an entry looks like. Default: Istio's usual one.
    pub access_log_format: String,
    /// Whether an entry is a line of text or an object of JSON. Default: TEXT.
    pub access_log_encoding: AccessLogEncoding,
    /// Whether the tracer of `defaultConfig` gets spans where no Telemetry says otherwise. Default: true.
    pub enable_tracing: Option<bool>,
    /// Who gets telemetry where no Telemetry says. Default: `prometheus` gets metrics.
    pub default_providers: DefaultProviders,
}

/// Whether an entry of a log is a line of text or an object of JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLogEncoding {
    /// A line of text.
    #[default]
    Text,
    /// An object of JSON.
    Json,
}

/// Who gets telemetry where no Telemetry says, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultProviders {
    /// Who gets metrics. Default: `prometheus`.
    pub metrics: Option<Vec<String>>,
    /// Who gets spans. Default: nobody.
    pub tracing: Vec<String>,
    /// Who gets entries of logs. Default: nobody.
    pub access_logging: Vec<String>,
}

/// `defaultConfig.tracing`: how proxies trace by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProxyTracing {
    /// How many traces are kept, in hundredths, 0 to 100. Default: 1.
    pub sampling: Option<f64>,
    /// Further tags, by name. Default: none.
    pub custom_tags: BTreeMap<String, CustomTag>,
    /// How long tags may be, in bytes. Default: 256.
    pub max_path_tag_length: u32,
    /// The tracer that speaks Zipkin's JSON, as `host:port`. Default: none.
    pub zipkin: Option<ZipkinAddress>,
    /// Tracers of other kinds that are written and have no effect.
    pub unused: Vec<&'static str>,
}

/// `{address: "zipkin.istio-system:9411"}`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZipkinAddress {
    /// The host and the port.
    pub address: String,
}

/// The tracers that are not spoken to, and what they are asked by.
const UNUSED: [&str; 6] =
    ["datadog", "enableIstioTags", "lightstep", "openCensusAgent", "stackdriver", "tlsSettings"];

impl MeshTelemetry {
    pub(super) fn read_fields(f: &mut Fields<'_>) -> Self {
        Self {
            access_log_file: f.take("accessLogFile"),
            access_log_format: f.take("accessLogFormat"),
            access_log_encoding: f.take("accessLogEncoding"),
            enable_tracing: f.maybe("enableTracing"),
            default_providers: f.take("defaultProviders"),
        }
    }
}

impl Read for AccessLogEncoding {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[("TEXT", 0, Self::Text), ("JSON", 1, Self::Json)])
    }
}

impl Read for DefaultProviders {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            metrics: f.maybe("metrics"),
            tracing: f.take("tracing"),
            access_logging: f.take("accessLogging"),
        })
    }
}

impl Read for ProxyTracing {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self {
                sampling: f.maybe("sampling"),
                custom_tags: f.take("customTags"),
                max_path_tag_length: f.take("maxPathTagLength"),
                zipkin: f.maybe("zipkin"),
                unused: UNUSED.into_iter().filter(|name| f.has(name)).collect(),
            }
        })
    }
}

impl Read for ZipkinAddress {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore_unknown();
            Self { address: f.take("address") }
        })
    }
}
