//! What is measured.

use super::{Expression, Sides};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What is said of metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricsRule {
    /// Who gets them, by name; who got them before when empty.
    pub providers: Vec<Arc<str>>,
    /// How often what goes on for long is reported; as before when `None`.
    pub reporting_interval: Option<Duration>,
    /// What differs from what is usual, in order.
    pub overrides: Vec<MetricOverride>,
}

/// What differs of some metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricOverride {
    /// The metrics; all of them when `None`, and none that is measured here when empty.
    pub metrics: Option<Vec<Metric>>,
    /// At which end of calls.
    pub sides: Sides,
    /// Whether they are left out; as before when `None`.
    pub is_disabled: Option<bool>,
    /// What becomes of their tags, by name.
    pub tags: BTreeMap<Arc<str>, TagEdit>,
}

/// What becomes of a tag of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagEdit {
    /// The metric has none of this name.
    Remove,
    /// It has this value, whether the metric had one of this name before or not. What gives no value is `unknown`.
    Set(Arc<Expression>),
}

/// A standard metric of Istio's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Requests: `istio_requests_total`.
    RequestCount,
    /// How long they took: `istio_request_duration_milliseconds`.
    RequestDuration,
    /// How large they were: `istio_request_bytes`.
    RequestSize,
    /// How large their answers were: `istio_response_bytes`.
    ResponseSize,
    /// Connections that were opened: `istio_tcp_connections_opened_total`.
    TcpOpenedConnections,
    /// Connections that were closed: `istio_tcp_connections_closed_total`.
    TcpClosedConnections,
    /// Bytes that went to whoever connected: `istio_tcp_sent_bytes_total`.
    TcpSentBytes,
    /// Bytes that came from there: `istio_tcp_received_bytes_total`.
    TcpReceivedBytes,
    /// Messages of requests: `istio_request_messages_total`.
    GrpcRequestMessages,
    /// Messages of answers: `istio_response_messages_total`.
    GrpcResponseMessages,
}

impl Metric {
    /// Every one of them, in the order of their declaration.
    pub const ALL: [Self; 10] = [
        Self::RequestCount,
        Self::RequestDuration,
        Self::RequestSize,
        Self::ResponseSize,
        Self::TcpOpenedConnections,
        Self::TcpClosedConnections,
        Self::TcpSentBytes,
        Self::TcpReceivedBytes,
        Self::GrpcRequestMessages,
        Self::GrpcResponseMessages,
    ];

    /// Its place in [`Metric::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}
