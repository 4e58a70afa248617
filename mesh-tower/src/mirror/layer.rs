use super::{
    copies::{self, Copier},
    service::Mirror,
    state::Slots,
};
use crate::{Body, BoxError, Dice};
use http::{Request, Response};
use mesh_core::model::Share;
use std::{fmt, sync::Arc, time::Duration};
use tower_layer::Layer;
use tower_service::Service;

/// How many copies may be under way to one destination: as many requests as Envoy lets through by default.
const MOST: u32 = 1024;

/// How much of a request's body is held for one copy: Envoy's own limit.
const HELD: usize = 1 << 20;

/// How long a copy may outlive its request: the time that Envoy gives a request by default.
const LINGER: Duration = Duration::from_secs(15);

/// Wraps a service so that requests are copied to others. All services it makes share the limits of destinations.
#[derive(Clone)]
pub struct MirrorLayer {
    pub(super) origin: Origin,
    pub(super) copier: Copier,
    pub(super) slots: Arc<Slots>,
    pub(super) dice: Dice,
    pub(super) most: u32,
    pub(super) held: usize,
    pub(super) linger: Duration,
    pub(super) is_renamed: bool,
}

/// Where it is written who gets copies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// Here: this share of all requests.
    Fixed(Share),
    /// In the rule that matched.
    Routed,
}

impl MirrorLayer {
    /// Copies this share of all requests to a service.
    #[must_use]
    pub fn new<C, R>(copies: C, share: Share) -> Self
    where
        C: Service<Request<Body>, Response = Response<R>, Future: Send, Error: Into<BoxError>>,
        C: Clone + Send + Sync + 'static,
        R: http_body::Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        Self::by(Origin::Fixed(share), copies::through(copies))
    }

    /// Copies requests as the rule says that the route layer left in them; none without a rule. The copies go through
    /// `copies`, which finds their destination in [`Routed::backend`](crate::Routed::backend).
    #[must_use]
    pub fn routed<C, R>(copies: C) -> Self
    where
        C: Service<Request<Body>, Response = Response<R>, Future: Send, Error: Into<BoxError>>,
        C: Clone + Send + Sync + 'static,
        R: http_body::Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        Self::by(Origin::Routed, copies::through(copies))
    }

    /// The dice that choose the requests that are copied. Default: the thread's own.
    #[must_use]
    pub fn with_dice(self, dice: Dice) -> Self {
        Self { dice, ..self }
    }

    /// How many copies may be under way to one destination; a request that comes then is not copied to it. Default: 1024.
    #[must_use]
    pub fn with_most(self, copies: u32) -> Self {
        Self { most: copies, ..self }
    }

    /// How many bytes of a request's body are held for a copy that is slower than the request; one that is slower still
    /// is cut. Default: 1 MiB.
    #[must_use]
    pub fn with_held(self, bytes: usize) -> Self {
        Self { held: bytes, ..self }
    }

    /// How long a copy may go on after its request is over, or was given up. Default: 15 s.
    #[must_use]
    pub fn with_linger(self, linger: Duration) -> Self {
        Self { linger, ..self }
    }

    /// Appends `-shadow` to the host that copies ask for, before its port, as Envoy does unless it is told otherwise, and
    /// as Istio did once. Default: the host stays.
    #[must_use]
    pub fn with_shadow_suffix(self) -> Self {
        Self { is_renamed: true, ..self }
    }

    fn by(origin: Origin, copier: Copier) -> Self {
        Self {
            origin,
            copier,
            slots: Arc::default(),
            dice: Dice::default(),
            most: MOST,
            held: HELD,
            linger: LINGER,
            is_renamed: false,
        }
    }
}

impl<S> Layer<S> for MirrorLayer {
    type Service = Mirror<S>;

    fn layer(&self, inner: S) -> Mirror<S> {
        Mirror { inner, layer: Arc::new(self.clone()) }
    }
}

impl fmt::Debug for MirrorLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MirrorLayer").field("origin", &self.origin).finish_non_exhaustive()
    }
}
