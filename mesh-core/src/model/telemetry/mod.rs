//! How requests are measured, traced and written to logs.

mod access_log;
mod attributes;
mod expression;
mod mesh;
mod metrics;
mod provider;
mod rule;
mod tracing;

pub use access_log::{AccessLogRule, LogFormat};
pub use attributes::{
    Attributes, ConnectionAttributes, PeerAttributes, RequestAttributes, ResponseAttributes, RouteAttributes,
    UpstreamAttributes,
};
pub use expression::{Expression, InvalidExpression};
pub use mesh::{LogFile, MeshTelemetry};
pub use metrics::{Metric, MetricOverride, MetricsRule, TagEdit};
pub use provider::{
    HttpExport, OpenTelemetryLog, OpenTelemetryTraces, TelemetryProvider, TelemetryProviderKind,
    TraceContext, Zipkin,
};
pub use rule::{Side, Sides, TelemetryRule};
pub use tracing::{CustomTag, TracingRule};

use std::sync::Arc;

/// What all documents say about telemetry, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TelemetryRules {
    /// What holds where no rule says otherwise, and the providers that rules name.
    pub mesh: Arc<MeshTelemetry>,
    /// What is said of the mesh, of namespaces and of workloads.
    pub rules: Vec<Arc<TelemetryRule>>,
}
