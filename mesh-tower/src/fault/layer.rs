use super::{policy::Origin, service::Fault};
use crate::Dice;
use mesh_core::model::Injection;
use tower_layer::Layer;

/// Wraps a service so that faults are injected before it.
#[derive(Clone, Debug)]
pub struct FaultLayer {
    pub(super) origin: Origin,
    pub(super) dice: Dice,
}

impl FaultLayer {
    /// Injects these faults into every request.
    #[must_use]
    pub fn new(injection: Injection) -> Self {
        Self { origin: Origin::Fixed(injection), dice: Dice::default() }
    }

    /// Injects the faults of the rule that the route layer left in the request; none into a request without a rule.
    #[must_use]
    pub fn routed() -> Self {
        Self { origin: Origin::Routed, dice: Dice::default() }
    }

    /// The dice that choose the requests. Default: the thread's own.
    #[must_use]
    pub fn with_dice(self, dice: Dice) -> Self {
        Self { dice, ..self }
    }
}

impl<S> Layer<S> for FaultLayer {
    type Service = Fault<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Fault { inner, layer: self.clone() }
    }
}
