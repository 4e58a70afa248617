use super::{service::Balance, state::Turns};
use std::sync::Arc;
use tower_layer::Layer;

/// Chooses endpoints in turn; see the [module](super). All services it makes take turns together.
#[derive(Clone, Debug, Default)]
pub struct BalanceLayer {
    turns: Arc<Turns>,
}

impl BalanceLayer {
    /// A layer that has not given anyone a turn yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S> Layer<S> for BalanceLayer {
    type Service = Balance<S>;

    fn layer(&self, inner: S) -> Balance<S> {
        Balance::new(inner, Arc::clone(&self.turns))
    }
}
