use super::{service::Resolve, state::Backends};
use crate::dns::Dns;
use std::sync::Arc;
use tower_layer::Layer;

/// Finds the addresses of endpoints that have names; see the [module](super).
#[derive(Clone, Debug)]
pub struct ResolveLayer {
    backends: Arc<Backends>,
}

impl ResolveLayer {
    /// A layer that asks this DNS.
    #[must_use]
    pub fn new(dns: Dns) -> Self {
        Self { backends: Arc::new(Backends::new(dns)) }
    }
}

impl<S> Layer<S> for ResolveLayer {
    type Service = Resolve<S>;

    fn layer(&self, inner: S) -> Resolve<S> {
        Resolve { inner, backends: Arc::clone(&self.backends) }
    }
}
