use super::{near::Home, service::Balance, state::Fleets};
use crate::{Dice, context::Ejections};
use mesh_core::model::{Labels, Locality};
use std::sync::Arc;
use tower_layer::Layer;

/// Chooses endpoints; see the [module](super). All services it makes choose together.
#[derive(Clone, Debug)]
pub struct BalanceLayer {
    home: Home,
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
        Self { home: Home::default(), fleets, dice, ejections, own: fastrand::u64(..) }
    }

    /// The labels of this process, which say where it is: by `istio-locality`, or by `topology.kubernetes.io/region`,
    /// `topology.kubernetes.io/zone` and `topology.istio.io/subzone`. A `failoverPriority` compares them with those of
    /// endpoints. Default: none.
    #[must_use]
    pub fn with_labels(self, labels: Labels) -> Self {
        let home = Home { labels, ..self.home.clone() };
        self.at_home(home)
    }

    /// Where this process is, if its labels do not say. Default: nobody knows.
    #[must_use]
    pub fn with_locality(self, locality: Locality) -> Self {
        let home = Home { elsewise: Some(locality), ..self.home.clone() };
        self.at_home(home)
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

    /// What was prepared for another home is not for this one.
    fn at_home(self, home: Home) -> Self {
        Self { fleets: Arc::new(Fleets::of(home.clone())), home, ..self }
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
