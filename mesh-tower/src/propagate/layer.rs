use super::service::Propagate;
use crate::Dice;
use tower_layer::Layer;

/// Wraps a service so that it is decided which of its requests are traced, and told.
#[derive(Clone, Debug)]
pub struct PropagateLayer {
    pub(super) place: Place,
    pub(super) dice: Dice,
}

/// Where in the way of a request it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Where requests come in.
    Door,
    /// Where they go out.
    Exit,
}

impl PropagateLayer {
    /// For requests that come in, to a workload or a gateway.
    #[must_use]
    pub fn inbound() -> Self {
        Self { place: Place::Door, dice: Dice::default() }
    }

    /// For calls, and what a gateway sends on.
    #[must_use]
    pub fn outbound() -> Self {
        Self { place: Place::Exit, dice: Dice::default() }
    }

    /// The dice that the names of traces and spans are made of. Default: the thread's own.
    #[must_use]
    pub fn with_dice(self, dice: Dice) -> Self {
        Self { dice, ..self }
    }
}

impl<S> Layer<S> for PropagateLayer {
    type Service = Propagate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Propagate { inner, layer: self.clone() }
    }
}
