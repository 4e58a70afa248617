use super::{policy::Told, service::MetadataExchange, state::Peers};
use crate::event::Workload;
use std::sync::Arc;
use tower_layer::Layer;

/// Wraps a service so that both ends of its requests know each other.
#[derive(Clone, Debug)]
pub struct MetadataExchangeLayer {
    pub(super) part: Part,
    pub(super) peers: Peers,
}

/// Who says what.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// The one who calls says it in its requests.
    Client(Arc<Told>),
    /// The one who is called says it in its answers.
    Server(Arc<Told>),
    /// Nobody says anything, and nobody is listened to.
    Gateway,
    /// Nobody says anything.
    Silent,
}

impl MetadataExchangeLayer {
    /// For the calls of a workload.
    #[must_use]
    pub fn client(own: Arc<Workload>) -> Self {
        Self { part: Part::Client(Arc::new(Told::by(&own))), peers: Peers::default() }
    }

    /// For the requests to a workload.
    #[must_use]
    pub fn server(own: Arc<Workload>) -> Self {
        Self { part: Part::Server(Arc::new(Told::by(&own))), peers: Peers::default() }
    }

    /// For the calls of a workload that tells nothing of itself.
    #[must_use]
    pub fn silent() -> Self {
        Self { part: Part::Silent, peers: Peers::default() }
    }

    /// For the requests that come to a gateway from outside.
    #[must_use]
    pub fn gateway() -> Self {
        Self { part: Part::Gateway, peers: Peers::default() }
    }
}

impl<S> Layer<S> for MetadataExchangeLayer {
    type Service = MetadataExchange<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MetadataExchange { inner, layer: self.clone() }
    }
}
