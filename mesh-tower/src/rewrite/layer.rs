use super::{
    policy::{Changes, Origin},
    service::Rewrite,
};
use std::sync::Arc;
use tower_layer::Layer;

/// Wraps a service so that it sees changed requests, and its callers changed responses.
#[derive(Clone, Debug)]
pub struct RewriteLayer {
    origin: Origin,
}

impl RewriteLayer {
    /// Makes these changes to every request.
    #[must_use]
    pub fn new(changes: Changes) -> Self {
        Self { origin: Origin::Fixed(Arc::new(changes)) }
    }

    /// Makes the changes of the rule that the route layer left in the request; none to a request without a rule.
    #[must_use]
    pub fn routed() -> Self {
        Self { origin: Origin::Routed }
    }
}

impl<S> Layer<S> for RewriteLayer {
    type Service = Rewrite<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Rewrite { inner, origin: self.origin.clone() }
    }
}
