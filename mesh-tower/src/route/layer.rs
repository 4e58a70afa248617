use super::{policy::Place, service::Route, state::Generations, sticky::Sticky};
use crate::Dice;
use mesh_core::watch::Handle;
use tower_layer::Layer;

/// Wraps a service so that every request is decided by the newest table, or the one that is pinned for it.
#[derive(Clone, Debug)]
pub struct RouteLayer {
    pub(super) handle: Handle,
    pub(super) dice: Dice,
    pub(super) place: Place,
    pub(super) generations: Generations,
    pub(super) sticky: Option<Sticky>,
}

impl RouteLayer {
    /// Decides requests that a service of the mesh sends, by the tables of `handle`.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        let (dice, generations) = (Dice::default(), Generations::default());
        Self { handle, dice, place: Place::Mesh, generations, sticky: None }
    }

    /// The dice that choose among weighted destinations. Default: the thread's own.
    #[must_use]
    pub fn with_dice(self, dice: Dice) -> Self {
        Self { dice, ..self }
    }

    /// What keeps a user with one of several weighted destinations. Default: nothing, each request gets any.
    #[must_use]
    pub fn with_sticky(self, sticky: Sticky) -> Self {
        Self { sticky: Some(sticky), ..self }
    }

    /// Decides requests that come in at a gateway's listener instead, over TLS or not.
    #[must_use]
    pub fn at_gateway(self, port: u16, is_tls: bool) -> Self {
        Self { place: Place::Gateway { port, is_tls }, ..self }
    }
}

impl<S> Layer<S> for RouteLayer {
    type Service = Route<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Route { inner, layer: self.clone() }
    }
}
