use super::{service::Balance, state::Fleets};
use crate::{Dice, context::Ejections};
use std::sync::Arc;
use tower_layer::Layer;

/// Chooses endpoints; see the [module](super). All services it makes choose together.
#[derive(Clone, Debug)]
pub struct BalanceLayer {
    pub(super) fleets: Arc<Fleets>,
    pub(super) dice: Dice,
    pub(super) ejections: Ejections,
    /// Stands for this process's own address where that is hashed.
    pub(super) own: u64,
}

impl BalanceLayer {
    /// A layer that has not chosen anybody yet.
    #[must_use]
    pub fn new() -> Self {
        let (fleets, dice, ejections) = (Arc::default(), Dice::default(), Ejections::default());
        Self { fleets, dice, ejections, own: fastrand::u64(..) }
    }

    /// The dice that choose among endpoints. Default: the thread's own.
    #[must_use]
    pub fn with_dice(self, dice: Dice) -> Self {
        Self { dice, ..self }
    }

    /// The ejections that it heeds, which an outlier layer below writes. Default: none.
    #[must_use]
    pub fn with_ejections(self, ejections: Ejections) -> Self {
        Self { ejections, ..self }
    }
}

impl Default for BalanceLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for BalanceLayer {
    type Service = Balance<S>;

    fn layer(&self, inner: S) -> Balance<S> {
        Balance::new(inner, self.clone())
    }
}
