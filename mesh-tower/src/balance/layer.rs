use super::{latency::Forgetting, near::Home, service::Balance, state::Fleets};
use crate::{Dice, context::Ejections};
use mesh_core::{
    model::{Labels, Locality},
    table::{Backend, BackendName},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tower_layer::Layer;

/// Chooses endpoints; see the [module](super). All services it makes choose together.
#[derive(Clone, Debug)]
pub struct BalanceLayer {
    home: Home,
    pub(super) fleets: Arc<Fleets>,
    pub(super) dice: Dice,
    pub(super) ejections: Ejections,
    pub(super) extras: Extras,
    /// Stands for this process's own address where that is hashed.
    pub(super) own: u64,
}

/// What Istio does not have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extras {
    /// The most requests under way at an endpoint.
    pub(super) most_per_endpoint: Option<u32>,
    /// The most requests under way at an endpoint where hashes choose, in hundredths of its share.
    pub(super) bounded_load: Option<u32>,
    /// How latencies are forgotten, where they count.
    pub(super) peak_ewma: Option<Forgetting>,
}

impl BalanceLayer {
    /// A layer that has not chosen anybody yet.
    #[must_use]
    pub fn new() -> Self {
        let (fleets, dice, ejections) = (Arc::default(), Dice::default(), Ejections::default());
        Self {
            home: Home::default(),
            fleets,
            dice,
            ejections,
            extras: Extras::default(),
            own: fastrand::u64(..),
        }
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

    /// Leaves an endpoint alone that has so many requests of one backend under way. A request for which no endpoint is left
    /// fails at once with [`Kind::Overflow`](crate::Kind::Overflow), and is not tried again. At HTTP/1.1 that many
    /// connections are all that an endpoint ever has. Default: endpoints have no bound of their own.
    #[must_use]
    pub fn with_endpoint_limit(self, requests: u32) -> Self {
        Self { extras: Extras { most_per_endpoint: Some(requests), ..self.extras }, ..self }
    }

    /// Has `consistentHash` pass over an endpoint that has more than `percent` hundredths of its share of the requests
    /// under way, for the next one of the table that has not: Envoy's `hash_balance_factor`. At least 100; each choice
    /// looks at all endpoints. Default: the table alone decides.
    #[must_use]
    pub fn with_bounded_load(self, percent: u32) -> Self {
        Self { extras: Extras { bounded_load: Some(percent), ..self.extras }, ..self }
    }

    /// Has `LEAST_REQUEST` prefer the endpoint whose requests under way, and one more, multiplied by its latency are less.
    /// A latency is the time to the head of an answer; slow answers count at once, quick ones little by little, and after
    /// `decay` without any 37 % of it is left. Some seconds are usual. Default: latencies do not count.
    #[must_use]
    pub fn with_peak_ewma(self, decay: Duration) -> Self {
        let peak_ewma = Some(Forgetting { begun: Instant::now(), decay });
        Self { extras: Extras { peak_ewma, ..self.extras }, ..self }
    }

    /// The endpoints of a backend as it is now, and how many requests are under way at each; `None` before any was chosen.
    pub(crate) fn active(&self, backend: &BackendName) -> Option<(Arc<Backend>, Vec<u32>)> {
        self.fleets.active(backend)
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
        Balance::new(inner, Arc::new(self.clone()))
    }
}
