use super::{reporter::Reporter, service::Telemetry};
use crate::event::Side;
use tower_layer::Layer;

/// Wraps a service so that its requests are reported.
#[derive(Clone, Debug)]
pub struct TelemetryLayer {
    reporter: Reporter,
    side: Side,
    is_gateway: bool,
}

impl TelemetryLayer {
    /// Reports calls: Istio's reporter `source`.
    #[must_use]
    pub fn client(reporter: Reporter) -> Self {
        Self { reporter, side: Side::Client, is_gateway: false }
    }

    /// Reports what passes a gateway, as calls of its own. Hosts that nobody described are not named: strangers come up with
    /// them.
    #[must_use]
    pub fn gateway(reporter: Reporter) -> Self {
        Self { is_gateway: true, ..Self::client(reporter) }
    }

    /// Reports requests to a workload: Istio's reporter `destination`.
    #[must_use]
    pub fn server(reporter: Reporter) -> Self {
        Self { reporter, side: Side::Server, is_gateway: false }
    }
}

impl<S> Layer<S> for TelemetryLayer {
    type Service = Telemetry<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Telemetry { inner, reporter: self.reporter.clone(), side: self.side, is_gateway: self.is_gateway }
    }
}
