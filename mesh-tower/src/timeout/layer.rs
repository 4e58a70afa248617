use super::{policy::Origin, service::Timeout};
use std::time::Duration;
use tower_layer::Layer;

/// Wraps a service so that its responses are complete in time, or end with an error.
#[derive(Clone, Copy, Debug)]
pub struct TimeoutLayer {
    origin: Origin,
}

impl TimeoutLayer {
    /// Gives every request this much time. Zero is no limit, as in Istio.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { origin: Origin::Fixed(limit) }
    }

    /// Gives a request the time of the rule that the route layer left in it; no limit without a rule.
    #[must_use]
    pub fn routed() -> Self {
        Self { origin: Origin::Routed }
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Timeout { inner, origin: self.origin }
    }
}
