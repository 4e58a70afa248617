//! What is counted of connections of which no requests are seen.

use super::register::Register;
use mesh_core::model::Metric;
use metrics::Counter;

/// The metrics of one kind of connection.
pub(in crate::telemetry) struct Connections {
    opened: Counter,
    closed: Counter,
    sent: Counter,
    received: Counter,
}

impl Connections {
    pub(super) fn new(register: &Register<'_>) -> Self {
        Self {
            opened: register.counter(Metric::TcpOpenedConnections, "istio_tcp_connections_opened_total"),
            closed: register.counter(Metric::TcpClosedConnections, "istio_tcp_connections_closed_total"),
            sent: register.counter(Metric::TcpSentBytes, "istio_tcp_sent_bytes_total"),
            received: register.counter(Metric::TcpReceivedBytes, "istio_tcp_received_bytes_total"),
        }
    }

    /// One more was opened.
    pub(in crate::telemetry) fn open(&self) {
        self.opened.increment(1);
    }

    /// One of them was closed.
    pub(in crate::telemetry) fn close(&self) {
        self.closed.increment(1);
    }

    /// So many bytes more came from whoever connected, and went there.
    pub(in crate::telemetry) fn pass(&self, received: u64, sent: u64) {
        self.received.increment(received);
        self.sent.increment(sent);
    }
}
