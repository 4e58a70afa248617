use super::{
    policy::CarriedHeaders,
    service::{CarryIn, CarryOut},
};
use crate::Dice;
use futures_util::future::BoxFuture;
use mesh_core::{table::Snapshot, watch::Handle};
use std::{fmt, sync::Arc};
use tower_layer::Layer;

/// Reads the documents anew, looking for those of a digest; `None` when they are not there.
pub type CatchUp = Arc<dyn Fn(u64) -> BoxFuture<'static, Option<Arc<Snapshot>>> + Send + Sync>;

/// Wraps a server so that every request's handler runs within the request's [`Context`](crate::Context).
#[derive(Clone)]
pub struct CarryInLayer {
    pub(super) headers: CarriedHeaders,
    pub(super) dice: Dice,
    pub(super) handle: Option<Handle>,
    pub(super) catch_up: Option<CatchUp>,
    pub(super) keeps_deadlines: bool,
}

impl CarryInLayer {
    /// Carries these headers. Pins no table.
    #[must_use]
    pub fn new(headers: CarriedHeaders) -> Self {
        Self { headers, dice: Dice::default(), handle: None, catch_up: None, keeps_deadlines: true }
    }

    /// Pins the table of the documents that the caller names, or the newest of `handle`, and takes the caller's
    /// [`GENERATION_HEADER`](crate::GENERATION_HEADER) off the request.
    #[must_use]
    pub fn pinning(self, handle: Handle) -> Self {
        Self { handle: Some(handle), ..self }
    }

    /// Asks this for the table when the caller names documents that no remembered table was made of; the request waits
    /// at most [`CATCH_UP_WITHIN`](super::CATCH_UP_WITHIN), then goes on with the newest. Does nothing without
    /// [`pinning`](Self::pinning). Default: nobody is asked.
    #[must_use]
    pub fn with_catch_up(self, catch_up: CatchUp) -> Self {
        Self { catch_up: Some(catch_up), ..self }
    }

    /// Does not look at how long the caller waits: handlers run to their end, and their calls have the time of their own
    /// rules alone.
    #[must_use]
    pub fn without_deadlines(self) -> Self {
        Self { keeps_deadlines: false, ..self }
    }

    /// The dice that new request ids are made of. Default: the thread's own.
    #[must_use]
    pub fn with_dice(self, dice: Dice) -> Self {
        Self { dice, ..self }
    }
}

impl<S> Layer<S> for CarryInLayer {
    type Service = CarryIn<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CarryIn { inner, layer: self.clone() }
    }
}

/// Wraps a client so that calls carry the headers of the inbound request that causes them.
#[derive(Clone, Debug, Default)]
pub struct CarryOutLayer {
    pub(super) dice: Dice,
}

impl CarryOutLayer {
    /// Carries whatever the current [`Context`](crate::Context) holds; a call that still has no `x-request-id` gets one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The dice that new request ids are made of. Default: the thread's own.
    #[must_use]
    pub fn with_dice(self, dice: Dice) -> Self {
        Self { dice }
    }
}

impl<S> Layer<S> for CarryOutLayer {
    type Service = CarryOut<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CarryOut { inner, dice: self.dice.clone() }
    }
}

impl fmt::Debug for CarryInLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let catches_up = self.catch_up.is_some();
        let mut debug = f.debug_struct("CarryInLayer");
        debug
            .field("headers", &self.headers)
            .field("handle", &self.handle)
            .field("catches_up", &catches_up)
            .finish()
    }
}
