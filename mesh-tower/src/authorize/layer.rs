use super::service::Authorize;
use crate::context::Place;
use mesh_core::watch::Handle;
use tower_layer::Layer;

/// Wraps a server so that only requests reach it that policies allow.
#[derive(Clone, Debug)]
pub struct AuthorizeLayer {
    pub(super) handle: Handle,
    pub(super) place: Place,
}

impl AuthorizeLayer {
    /// Looks at requests that come to a workload, by the tables of `handle`.
    #[must_use]
    pub fn inbound(handle: Handle) -> Self {
        Self { handle, place: Place::Workload }
    }

    /// Looks at requests that come in at a gateway's listener instead, over TLS or not.
    #[must_use]
    pub fn at_gateway(self, port: u16, is_tls: bool) -> Self {
        Self { place: Place::Gateway { port, is_tls }, ..self }
    }
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = Authorize<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorize { inner, layer: self.clone() }
    }
}
