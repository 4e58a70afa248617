use super::{service::Outlier, state::Tallies};
use crate::context::Ejections;
use std::sync::Arc;
use tower_layer::Layer;

/// Ejects endpoints that fail; see the [module](super). All services it makes count together.
#[derive(Clone, Debug, Default)]
pub struct OutlierLayer {
    tallies: Arc<Tallies>,
}

impl OutlierLayer {
    /// A layer that writes what it ejects into `ejections`, which a balance layer above heeds.
    #[must_use]
    pub fn new(ejections: Ejections) -> Self {
        Self { tallies: Arc::new(Tallies::new(ejections)) }
    }
}

impl<S> Layer<S> for OutlierLayer {
    type Service = Outlier<S>;

    fn layer(&self, inner: S) -> Outlier<S> {
        Outlier { inner, tallies: Arc::clone(&self.tallies) }
    }
}
