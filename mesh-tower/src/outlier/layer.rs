use super::{
    rates::{FailurePercentage, Rates, SuccessRate},
    service::Outlier,
    state::Tallies,
};
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
        Self { tallies: Arc::new(Tallies::new(ejections, Rates::default())) }
    }

    /// One like it that writes what it ejects into these, and remembers nothing.
    #[must_use]
    pub fn with_ejections(self, ejections: Ejections) -> Self {
        Self { tallies: Arc::new(Tallies::new(ejections, self.tallies.rates())) }
    }

    /// Also ejects endpoints that answered well much less often than others in the `interval` before. Default: Istio does
    /// not, and neither does this.
    #[must_use]
    pub fn with_success_rate(self, rules: SuccessRate) -> Self {
        self.with_rates(|rates| Rates { success: Some(rules), ..rates })
    }

    /// Also ejects endpoints that failed too often in the `interval` before. Default: Istio does not, and neither does this.
    #[must_use]
    pub fn with_failure_percentage(self, rules: FailurePercentage) -> Self {
        self.with_rates(|rates| Rates { failure: Some(rules), ..rates })
    }

    fn with_rates(self, change: impl FnOnce(Rates) -> Rates) -> Self {
        let (ejections, rates) = (self.tallies.ejections().clone(), change(self.tallies.rates()));
        Self { tallies: Arc::new(Tallies::new(ejections, rates)) }
    }
}

impl<S> Layer<S> for OutlierLayer {
    type Service = Outlier<S>;

    fn layer(&self, inner: S) -> Outlier<S> {
        Outlier { inner, tallies: Arc::clone(&self.tallies) }
    }
}
