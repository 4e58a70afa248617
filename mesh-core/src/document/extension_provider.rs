//! `extensionProviders` of a MeshConfig: services that do something for the whole mesh.

use super::{
    read::{At, Fields, Read},
    telemetry_provider::{Collector, FileAccessLog, OpenTelemetry, OtelAccessLog, ZipkinTraces},
};
use std::{collections::BTreeMap, time::Duration};

/// The kinds of providers that have an effect.
const KINDS: [&str; 7] = [
    "envoyExtAuthzHttp",
    "envoyExtAuthzGrpc",
    "prometheus",
    "envoyFileAccessLog",
    "envoyOtelAls",
    "opentelemetry",
    "zipkin",
];

/// Those that have none yet.
const OTHERS: [&str; 9] = [
    "datadog",
    "envoyHttpAls",
    "envoyTcpAls",
    "lightstep",
    "opencensus",
    "sds",
    "skywalking",
    "stackdriver",
    "xds",
];

/// One provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtensionProvider {
    /// Its name, by which policies ask for it. Required.
    pub name: String,
    /// What it is. Required.
    pub kind: Option<ProviderKind>,
}

/// What a provider does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// It is asked over HTTP whether requests may pass.
    ExtAuthzHttp(Box<ExtAuthzHttp>),
    /// It is asked by gRPC whether requests may pass.
    ExtAuthzGrpc(Box<ExtAuthzGrpc>),
    /// Whoever reads metrics.
    Prometheus,
    /// A file for entries of logs.
    FileAccessLog(Box<FileAccessLog>),
    /// A collector of entries of logs.
    OtelAccessLog(Box<OtelAccessLog>),
    /// A collector of spans that speaks OTLP.
    OpenTelemetry(Box<OpenTelemetry>),
    /// A collector of spans that speaks Zipkin's JSON.
    Zipkin(Box<ZipkinTraces>),
    /// Something else, under this name, and where it is if it is a service.
    Other(&'static str, Option<Collector>),
}

/// `envoyExtAuthzHttp`: an authorization service that speaks HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtAuthzHttp {
    /// What every authorization service has.
    pub common: ExtAuthz,
    /// What comes before the path of a request that is asked about. Default: nothing.
    pub path_prefix: String,
    /// The headers that it is told. Default: the method, the path, the host and `authorization`.
    pub include_request_headers_in_check: Vec<String>,
    /// The same, by its older name.
    pub include_headers_in_check: Vec<String>,
    /// Further headers that it is told. Default: none.
    pub include_additional_headers_in_check: BTreeMap<String, String>,
    /// Those of its headers that a request which may pass takes along. Default: none.
    pub headers_to_upstream_on_allow: Vec<String>,
    /// Those of its headers that a client is told whose request may not pass. Default: all.
    pub headers_to_downstream_on_deny: Vec<String>,
    /// Those of its headers that a client is told whose request may pass. Default: none.
    pub headers_to_downstream_on_allow: Vec<String>,
}

/// `envoyExtAuthzGrpc`: an authorization service that speaks gRPC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtAuthzGrpc {
    /// What every authorization service has.
    pub common: ExtAuthz,
}

/// What every authorization service has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtAuthz {
    /// The service: `host` or `namespace/host`, where the host is a full name. Required.
    pub service: String,
    /// Its port. Required.
    pub port: u32,
    /// How long an answer may take. Default: 600 s.
    pub timeout: Option<Duration>,
    /// Whether requests pass when it cannot be asked. Default: false.
    pub fail_open: bool,
    /// The status of those that then do not pass. Default: 403.
    pub status_on_error: String,
    /// What it is told of a request's body. Default: nothing.
    pub include_request_body_in_check: Option<CheckedBody>,
}

/// What an authorization service is told of a request's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckedBody {
    /// How many bytes of it at most. Required.
    pub max_request_bytes: u32,
    /// Whether the beginning of a longer body will do. Default: false, and requests with a longer body do not pass.
    pub allow_partial_message: bool,
    /// Whether it is told as bytes, for gRPC alone. Default: false, as text.
    pub pack_as_bytes: bool,
}

impl Read for ExtensionProvider {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            // Providers of kinds that are not known here are Istio's own business.
            f.ignore_unknown();
            let written: Vec<_> = KINDS.into_iter().filter(|name| f.has(name)).collect();
            f.exclusive(&written);
            let other = OTHERS.into_iter().find(|name| f.is_written(name));
            let kinds = [
                f.maybe("envoyExtAuthzHttp").map(ProviderKind::ExtAuthzHttp),
                f.maybe("envoyExtAuthzGrpc").map(ProviderKind::ExtAuthzGrpc),
                f.is_written("prometheus").then_some(ProviderKind::Prometheus),
                f.maybe("envoyFileAccessLog").map(ProviderKind::FileAccessLog),
                f.maybe("envoyOtelAls").map(ProviderKind::OtelAccessLog),
                f.maybe("opentelemetry").map(ProviderKind::OpenTelemetry),
                f.maybe("zipkin").map(ProviderKind::Zipkin),
                other.map(|name| ProviderKind::Other(name, is_collector(name).then(|| f.take(name)))),
            ];
            Self { name: f.take("name"), kind: kinds.into_iter().flatten().next() }
        })
    }
}

/// Whether providers of a kind are services, and not Istio's own business.
fn is_collector(name: &str) -> bool {
    !matches!(name, "sds" | "stackdriver" | "xds")
}

impl Read for ExtAuthzHttp {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            common: ExtAuthz::read_fields(f),
            path_prefix: f.take("pathPrefix"),
            include_request_headers_in_check: f.take("includeRequestHeadersInCheck"),
            include_headers_in_check: f.take("includeHeadersInCheck"),
            include_additional_headers_in_check: f.take("includeAdditionalHeadersInCheck"),
            headers_to_upstream_on_allow: f.take("headersToUpstreamOnAllow"),
            headers_to_downstream_on_deny: f.take("headersToDownstreamOnDeny"),
            headers_to_downstream_on_allow: f.take("headersToDownstreamOnAllow"),
        })
    }
}

impl Read for ExtAuthzGrpc {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { common: ExtAuthz::read_fields(f) })
    }
}

impl ExtAuthz {
    fn read_fields(f: &mut Fields<'_>) -> Self {
        // Requests that come to a workload are not routed again.
        f.ignore("clearRouteCache");
        Self {
            service: f.take("service"),
            port: f.take("port"),
            timeout: f.maybe("timeout"),
            fail_open: f.take("failOpen"),
            status_on_error: f.take("statusOnError"),
            include_request_body_in_check: f.maybe("includeRequestBodyInCheck"),
        }
    }
}

impl Read for CheckedBody {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            max_request_bytes: f.take("maxRequestBytes"),
            allow_partial_message: f.take("allowPartialMessage"),
            pack_as_bytes: f.take("packAsBytes"),
        })
    }
}
