use super::{policy::Budget, service::Hedge, state::Counts};
use std::{sync::Arc, time::Duration};
use tower_layer::Layer;

/// How much of a request's body is kept: 1 MiB, as for retries.
const BODY_LIMIT: u64 = 1 << 20;

/// Wraps a service so that a request which is not answered soon is sent once more. All services it makes share its budget.
#[derive(Clone, Debug)]
pub struct HedgeLayer {
    pub(super) after: Duration,
    pub(super) most: u32,
    pub(super) budget: Budget,
    pub(super) body_limit: u64,
    pub(super) is_bold: bool,
    pub(super) counts: Arc<Counts>,
}

impl HedgeLayer {
    /// Sends a request once more when it is not answered within this time; the time that all but the slowest twentieth of
    /// requests take is a good one.
    #[must_use]
    pub fn after(after: Duration) -> Self {
        let (most, budget, body_limit) = (1, Budget::default(), BODY_LIMIT);
        Self { after, most, budget, body_limit, is_bold: false, counts: Arc::default() }
    }

    /// How often one request may be sent besides the first time, each time after the same wait. Default: once.
    #[must_use]
    pub fn with_most(self, hedges: u32) -> Self {
        Self { most: hedges, ..self }
    }

    /// How many hedges there may be at once. Default: see [`Budget`].
    #[must_use]
    pub fn with_budget(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// How many bytes of a request's body are kept for hedges; a request with more is sent once. Default: 1 MiB.
    #[must_use]
    pub fn with_body_limit(self, bytes: u64) -> Self {
        Self { body_limit: bytes, ..self }
    }

    /// Hedges requests whatever their method is, for services that can tell a request they know. Default: only those whose
    /// method is idempotent, or which have an `idempotency-key` header, since both tries of a request may be carried out.
    #[must_use]
    pub fn with_any_method(self) -> Self {
        Self { is_bold: true, ..self }
    }
}

impl<S> Layer<S> for HedgeLayer {
    type Service = Hedge<S>;

    fn layer(&self, inner: S) -> Hedge<S> {
        Hedge { inner, layer: Arc::new(self.clone()) }
    }
}
