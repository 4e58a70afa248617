use super::{service::RateLimit, state::State};
use crate::{Caller, Dice, context::Place};
use mesh_core::{table::RateLimits, watch::Handle};
use std::sync::Arc;
use tower_layer::Layer;

/// Wraps a service so that it gets no more requests than it takes. All services it makes share their buckets.
#[derive(Clone, Debug)]
pub struct RateLimitLayer {
    /// Where the limits are written; they are given when `None`.
    pub(super) handle: Option<Handle>,
    pub(super) place: Place,
    pub(super) state: Arc<State>,
    pub(super) caller: Option<Caller>,
    pub(super) dice: Dice,
}

impl RateLimitLayer {
    /// Keeps these limits.
    #[must_use]
    pub fn new(limits: &RateLimits) -> Self {
        Self {
            handle: None,
            place: Place::Workload,
            state: Arc::new(State::new(limits)),
            caller: None,
            dice: Dice::default(),
        }
    }

    /// Keeps the limits that documents set for this workload.
    #[must_use]
    pub fn inbound(handle: Handle) -> Self {
        Self { handle: Some(handle), ..Self::new(&RateLimits::default()) }
    }

    /// Counts requests that come in at a gateway's listener instead, over TLS or not, in the same buckets.
    #[must_use]
    pub fn at_gateway(self, port: u16, is_tls: bool) -> Self {
        Self { place: Place::Gateway { port, is_tls }, ..self }
    }

    /// What services that keep limits are asked through. Default: none can be asked.
    #[must_use]
    pub fn with_caller(self, caller: Caller) -> Self {
        Self { caller: Some(caller), ..self }
    }

    /// The dice that decide whether a limit is enforced. Default: the thread's own.
    #[must_use]
    pub fn with_dice(self, dice: Dice) -> Self {
        Self { dice, ..self }
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimit { inner, layer: self.clone() }
    }
}
