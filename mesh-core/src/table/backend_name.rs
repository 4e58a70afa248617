//! How backends are called.

use crate::model::Host;
use rustc_hash::FxBuildHasher;
use std::{
    fmt,
    hash::{BuildHasher, Hash, Hasher},
    sync::Arc,
};

/// A service, subset and port.
///
/// `Display` gives Istio's cluster name: `outbound|80|v1|product.shop.svc.cluster.local`.
#[derive(Clone, Debug, PartialOrd, Ord)]
pub struct BackendName {
    /// The service.
    pub host: Host,
    /// The subset.
    pub subset: Option<Arc<str>>,
    /// The service's port.
    pub port: u16,
    /// Of all of it: several layers look a request's backend up by its name, and texts are long.
    hash: u64,
}

impl BackendName {
    /// The name of this port of this subset of a service.
    #[must_use]
    pub fn new(host: Host, subset: Option<Arc<str>>, port: u16) -> Self {
        let hash = FxBuildHasher.hash_one((&host, &subset, port));
        Self { host, subset, port, hash }
    }
}

impl PartialEq for BackendName {
    fn eq(&self, other: &Self) -> bool {
        (self.hash, self.port, &self.subset, &self.host)
            == (other.hash, other.port, &other.subset, &other.host)
    }
}

impl Eq for BackendName {}

impl Hash for BackendName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl fmt::Display for BackendName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "outbound|{}|{}|{}", self.port, self.subset.as_deref().unwrap_or_default(), self.host)
    }
}
