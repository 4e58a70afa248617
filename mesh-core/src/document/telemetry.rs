//! `Telemetry`: how requests are measured, traced and written to logs.

use super::{
    custom_tag::CustomTag,
    destination_rule::Selector,
    read::{At, Read},
    target_reference::TargetReference,
};
use std::{collections::BTreeMap, time::Duration};

/// The `spec` of a Telemetry, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Telemetry {
    /// The workloads it is for. Default: all of its namespace, and in the root namespace all of the mesh.
    pub selector: Option<Selector>,
    /// What of the Gateway API's it is for instead. Default: nothing.
    pub target_ref: Option<TargetReference>,
    /// The same, of which there may be several. Default: none.
    pub target_refs: Vec<TargetReference>,
    /// What is traced. Default: what wider documents say.
    pub tracing: Vec<Tracing>,
    /// What is measured. Default: what wider documents say.
    pub metrics: Vec<Metrics>,
    /// What is written to logs. Default: what wider documents say.
    pub access_logging: Vec<AccessLogging>,
}

/// `{name: zipkin}`: a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderRef {
    /// Its name in the MeshConfig. Required.
    pub name: String,
}

/// What is traced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tracing {
    /// At which end of calls. Default: at both.
    pub matches: ModeMatch,
    /// Who gets spans. Default: who got them before.
    pub providers: Vec<ProviderRef>,
    /// How many of the traces that begin here are kept, in hundredths, 0 to 100. Default: as before, or 1.
    pub random_sampling_percentage: Option<f64>,
    /// Whether spans are reported to nobody. Default: as before, or false.
    pub disable_span_reporting: Option<bool>,
    /// Further tags, by name. Default: those of before.
    pub custom_tags: Option<BTreeMap<String, CustomTag>>,
    /// Whether what is kept is decided by `x-request-id`. Default: as before, or true.
    pub use_request_id_for_trace_sampling: Option<bool>,
    /// Whether spans have Istio's own tags. Default: as before, or true.
    pub enable_istio_tags: Option<bool>,
    /// Whether the context of a trace is kept from whoever is called. Default: as before, or false.
    pub disable_context_propagation: Option<bool>,
}

/// `{mode: CLIENT}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModeMatch {
    /// At which end of calls. Default: at both.
    pub mode: WorkloadMode,
}

/// At which end of calls a workload is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkloadMode {
    /// At either.
    #[default]
    ClientAndServer,
    /// It calls.
    Client,
    /// It is called.
    Server,
}

/// What is measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Who gets metrics. Default: who got them before.
    pub providers: Vec<ProviderRef>,
    /// What differs from what is usual, in order. Default: nothing.
    pub overrides: Vec<MetricsOverride>,
    /// How often connections that last are reported. Default: every 5 s.
    pub reporting_interval: Option<Duration>,
}

/// What differs of some metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricsOverride {
    /// The metrics. Default: all.
    pub matches: MetricSelector,
    /// Whether they are left out. Default: as before.
    pub disabled: Option<bool>,
    /// What becomes of their tags, by name. Default: nothing.
    pub tag_overrides: BTreeMap<String, TagOverride>,
}

/// Some metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricSelector {
    /// One of Istio's, or all.
    pub metric: Option<IstioMetric>,
    /// One of any other name.
    pub custom_metric: Option<String>,
    /// At which end of calls. Default: at both.
    pub mode: WorkloadMode,
}

/// Istio's metrics, as documents name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Istio's, and say what there is to say")]
pub enum IstioMetric {
    AllMetrics,
    RequestCount,
    RequestDuration,
    RequestSize,
    ResponseSize,
    TcpOpenedConnections,
    TcpClosedConnections,
    TcpSentBytes,
    TcpReceivedBytes,
    GrpcRequestMessages,
    GrpcResponseMessages,
}

/// What becomes of a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagOverride {
    /// Whether it gets a value or goes. Default: UPSERT.
    pub operation: TagOperation,
    /// The expression that gives its value; for UPSERT alone, and then required.
    pub value: String,
}

/// Whether a tag gets a value or goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagOperation {
    /// It gets a value.
    #[default]
    Upsert,
    /// It goes.
    Remove,
}

/// What is written to logs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccessLogging {
    /// At which end of calls. Default: at both.
    pub matches: ModeMatch,
    /// Who gets entries. Default: who got them before.
    pub providers: Vec<ProviderRef>,
    /// Whether they get none. Default: false.
    pub disabled: bool,
    /// The requests of which they get an entry. Default: all.
    pub filter: Option<LogFilter>,
}

/// `{expression: response.code >= 400}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// What must be true of a request. Required.
    pub expression: String,
}

impl Read for Telemetry {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            selector: f.maybe("selector"),
            target_ref: f.maybe("targetRef"),
            target_refs: f.take("targetRefs"),
            tracing: f.take("tracing"),
            metrics: f.take("metrics"),
            access_logging: f.take("accessLogging"),
        })
    }
}

impl Read for ProviderRef {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { name: f.take("name") })
    }
}

impl Read for Tracing {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            matches: f.take("match"),
            providers: f.take("providers"),
            random_sampling_percentage: f.maybe("randomSamplingPercentage"),
            disable_span_reporting: f.maybe("disableSpanReporting"),
            custom_tags: f.maybe("customTags"),
            use_request_id_for_trace_sampling: f.maybe("useRequestIdForTraceSampling"),
            enable_istio_tags: f.maybe("enableIstioTags"),
            disable_context_propagation: f.maybe("disableContextPropagation"),
        })
    }
}

impl Read for ModeMatch {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { mode: f.take("mode") })
    }
}

impl Read for WorkloadMode {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("CLIENT_AND_SERVER", 0, Self::ClientAndServer),
            ("CLIENT", 1, Self::Client),
            ("SERVER", 2, Self::Server),
        ])
    }
}

impl Read for Metrics {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            providers: f.take("providers"),
            overrides: f.take("overrides"),
            reporting_interval: f.maybe("reportingInterval"),
        })
    }
}

impl Read for MetricsOverride {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            matches: f.take("match"),
            disabled: f.maybe("disabled"),
            tag_overrides: f.take("tagOverrides"),
        })
    }
}

impl Read for MetricSelector {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.exclusive(&["metric", "customMetric"]);
            Self { metric: f.maybe("metric"), custom_metric: f.maybe("customMetric"), mode: f.take("mode") }
        })
    }
}

impl Read for IstioMetric {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("ALL_METRICS", 0, Self::AllMetrics),
            ("REQUEST_COUNT", 1, Self::RequestCount),
            ("REQUEST_DURATION", 2, Self::RequestDuration),
            ("REQUEST_SIZE", 3, Self::RequestSize),
            ("RESPONSE_SIZE", 4, Self::ResponseSize),
            ("TCP_OPENED_CONNECTIONS", 5, Self::TcpOpenedConnections),
            ("TCP_CLOSED_CONNECTIONS", 6, Self::TcpClosedConnections),
            ("TCP_SENT_BYTES", 7, Self::TcpSentBytes),
            ("TCP_RECEIVED_BYTES", 8, Self::TcpReceivedBytes),
            ("GRPC_REQUEST_MESSAGES", 9, Self::GrpcRequestMessages),
            ("GRPC_RESPONSE_MESSAGES", 10, Self::GrpcResponseMessages),
        ])
    }
}

impl Read for TagOverride {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { operation: f.take("operation"), value: f.take("value") })
    }
}

impl Read for TagOperation {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[("UPSERT", 0, Self::Upsert), ("REMOVE", 1, Self::Remove)])
    }
}

impl Read for AccessLogging {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            matches: f.take("match"),
            providers: f.take("providers"),
            disabled: f.take("disabled"),
            filter: f.maybe("filter"),
        })
    }
}

impl Read for LogFilter {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { expression: f.take("expression") })
    }
}
