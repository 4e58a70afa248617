use super::service::ExtAuthz;
use crate::{Caller, context::Place};
use mesh_core::{model, watch::Handle};
use std::{fmt, sync::Arc};
use tower_layer::Layer;

/// Wraps a service so that another one is asked before requests pass.
#[derive(Clone, Debug)]
pub struct ExtAuthzLayer {
    pub(super) origin: Origin,
    pub(super) place: Place,
    pub(super) caller: Option<Caller>,
}

/// Who is asked.
#[derive(Clone)]
pub(super) enum Origin {
    /// Always this one.
    Fixed(Arc<model::ExtAuthz>),
    /// Those that documents name.
    Inbound(Handle),
}

impl ExtAuthzLayer {
    /// Asks this service about every request.
    #[must_use]
    pub fn new(ext_authz: Arc<model::ExtAuthz>) -> Self {
        Self { origin: Origin::Fixed(ext_authz), place: Place::Workload, caller: None }
    }

    /// Asks the services that this workload's policies of action CUSTOM name, one after the other.
    #[must_use]
    pub fn inbound(handle: Handle) -> Self {
        Self { origin: Origin::Inbound(handle), place: Place::Workload, caller: None }
    }

    /// Asks about requests that come in at a gateway's listener instead, over TLS or not.
    #[must_use]
    pub fn at_gateway(self, port: u16, is_tls: bool) -> Self {
        Self { place: Place::Gateway { port, is_tls }, ..self }
    }

    /// What services are asked through. Default: none can be asked.
    #[must_use]
    pub fn with_caller(self, caller: Caller) -> Self {
        Self { caller: Some(caller), ..self }
    }
}

impl<S> Layer<S> for ExtAuthzLayer {
    type Service = ExtAuthz<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ExtAuthz { inner, layer: self.clone() }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(ext_authz) => f.debug_tuple("Fixed").field(&ext_authz.name).finish(),
            Self::Inbound(_) => f.write_str("Inbound"),
        }
    }
}
