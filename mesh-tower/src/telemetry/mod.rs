//! Reports every request: Istio's standard metrics.
//!
//! # What it does
//!
//! Follows a request from its head to the end of its answer, learns what the layers below [announce](crate::event) of it,
//! and counts it when it has ended:
//!
//! | metric | kind | of what |
//! |---|---|---|
//! | `istio_requests_total` | counter | requests |
//! | `istio_request_duration_milliseconds` | histogram | the time from the request's head to the answer's end |
//! | `istio_request_bytes`, `istio_response_bytes` | histogram | head and body, as HTTP/1.1 would write them |
//! | `istio_request_messages_total`, `istio_response_messages_total` | counter | messages of gRPC calls |
//!
//! | `istio_tcp_connections_opened_total`, `istio_tcp_connections_closed_total` | counter | connections of which no requests are seen |
//! | `istio_tcp_received_bytes_total`, `istio_tcp_sent_bytes_total` | counter | their bytes, from whoever connected and back; every 5 s or as documents say, and at the end |
//!
//! They have Istio's labels, `reporter` to `connection_security_policy`, at both ends of a request. `response_code` is 0
//! where nobody waited for an answer, or there was none. What the other end has not told of itself is `unknown`; of calls to
//! an endpoint, the labels that the documents give it say a part. Calls to hosts that nobody described are
//! `PassthroughCluster`, or `BlackHoleCluster` where those are refused. Connections have no codes; what is known of one when
//! it is opened is what its metrics say to its end.
//!
//! The time of a request whose trace is sampled is an exemplar with the trace's id, where the recorder is the mesh's own.
//!
//! # When you want it
//!
//! Outside of everything: what other layers answer themselves is reported, too.
//!
//! # Configuration
//!
//! Where metrics go is for [`Recording`] to say: to the recorder of the process, or to another one.
//!
//! # Posture
//!
//! Forward: ready when the inner service is.
//!
//! # Cancel safety
//!
//! A request whose future, or whose answer's body, is dropped before its end is counted then, with Envoy's flag `DC`.
//!
//! # What survives a reload
//!
//! Every count. A request costs a look into a table of handles; 20,000 kinds of requests are told apart, as
//! many of connections, and of those beyond only how they ended.

pub mod access_log;
pub mod spans;

mod attributes;
mod connection;
mod future;
mod layer;
mod metrics;
mod operation;
mod recent;
mod recording;
mod report;
mod reporter;
mod service;

pub(crate) use connection::Connection;
pub use future::ResponseFuture;
pub use layer::TelemetryLayer;
pub use operation::{Operation, OperationLayer};
pub(crate) use recent::{Look, News};
pub use recording::Recording;
pub use reporter::Reporter;
pub use service::Telemetry;

/// The version of HTTP as Envoy writes it.
fn protocol(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_10 => "HTTP/1.0",
        http::Version::HTTP_2 => "HTTP/2",
        http::Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}
