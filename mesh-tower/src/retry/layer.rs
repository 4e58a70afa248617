use super::{policy::Origin, service::Retry, state::Limits};
use crate::Dice;
use mesh_core::model::RetryPolicy;
use std::sync::Arc;
use tower_layer::Layer;

/// How much of a request's body is kept: 1 MiB, as in Envoy.
const BODY_LIMIT: u64 = 1 << 20;

/// Wraps a service so that requests are tried again. All services it makes share the limits of backends.
#[derive(Clone, Debug)]
pub struct RetryLayer {
    pub(super) origin: Origin,
    pub(super) dice: Dice,
    pub(super) body_limit: u64,
    pub(super) is_cautious: bool,
    pub(super) heeds_rate_limits: bool,
    pub(super) limits: Arc<Limits>,
}

impl RetryLayer {
    /// Tries every request again as this policy says.
    #[must_use]
    pub fn new(policy: RetryPolicy) -> Self {
        Self::by(Origin::Fixed(Arc::new(policy)))
    }

    /// Tries a request again as the rule says that the route layer left in it, where it says nothing as the mesh does, and
    /// as [`RetryPolicy::default`] where nobody says anything. A request without a rule is tried once.
    #[must_use]
    pub fn routed() -> Self {
        Self::by(Origin::Routed)
    }

    /// The dice that choose how long the waits are. Default: the thread's own.
    #[must_use]
    pub fn with_dice(self, dice: Dice) -> Self {
        Self { dice, ..self }
    }

    /// How many bytes of a request's body are kept for further tries; a request with more is tried once. Default: 1 MiB.
    #[must_use]
    pub fn with_body_limit(self, bytes: u64) -> Self {
        Self { body_limit: bytes, ..self }
    }

    /// Never does twice what must be done once, whatever the policy says: a request whose method is not idempotent (POST
    /// and PATCH among them), and which has no `idempotency-key` header, is tried again only if it is certain that the
    /// endpoint has not looked at it. Envoy does not ask. Default: neither does this.
    #[must_use]
    pub fn only_idempotent(self) -> Self {
        Self { is_cautious: true, ..self }
    }

    /// Waits as long as an answer asks for in `retry-after`, or in `x-ratelimit-reset`, both in seconds, and up to half of
    /// that more at random, in the place of the usual wait. Times of more than five minutes, and dates, are passed over.
    /// Default: the usual wait.
    #[must_use]
    pub fn heed_rate_limits(self) -> Self {
        Self { heeds_rate_limits: true, ..self }
    }

    fn by(origin: Origin) -> Self {
        Self {
            origin,
            dice: Dice::default(),
            body_limit: BODY_LIMIT,
            is_cautious: false,
            heeds_rate_limits: false,
            limits: Arc::default(),
        }
    }
}

impl<S: Clone> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Retry<S> {
        Retry::new(inner, self.clone())
    }
}
