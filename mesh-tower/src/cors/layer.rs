use super::{policy::Origin, service::Cors};
use mesh_core::model::CorsPolicy;
use std::sync::Arc;
use tower_layer::Layer;

/// Wraps a service so that pages of other origins can ask it what a policy lets them.
#[derive(Clone, Debug)]
pub struct CorsLayer {
    pub(super) origin: Origin,
}

impl CorsLayer {
    /// Applies this policy to every request.
    #[must_use]
    pub fn new(policy: CorsPolicy) -> Self {
        Self { origin: Origin::Fixed(Arc::new(policy)) }
    }

    /// Applies the policy of the rule that the route layer left in the request; none to a request without a rule.
    #[must_use]
    pub fn routed() -> Self {
        Self { origin: Origin::Routed }
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = Cors<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Cors { inner, origin: self.origin.clone() }
    }
}
