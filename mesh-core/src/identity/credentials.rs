//! What a workload proves its identity with, at one moment.

use super::{SpiffeId, TrustDomain};
use arc_swap::ArcSwapOption;
use rustls::{pki_types::CertificateDer, sign::CertifiedKey};
use std::{collections::BTreeMap, fmt, sync::Arc, time::SystemTime};
use tokio::sync::watch;

/// A workload's certificate with its key, and whom it trusts; replaced as a whole when one of them turns over.
#[derive(Clone)]
pub struct Credentials {
    /// Who the certificate says the workload is.
    pub id: SpiffeId,
    /// The chain, leaf first, and the key that signs.
    pub key: Arc<CertifiedKey>,
    /// Whose certificates are believed.
    pub trust: Arc<TrustBundle>,
    /// The moment before which the certificate is not valid.
    pub not_before: SystemTime,
    /// The moment after which it is not.
    pub not_after: SystemTime,
}

/// No key, and no certificate, ever reaches a log.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("id", &self.id)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// The certificate authorities of each trust domain. While a root changes, a domain has two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustBundle(pub BTreeMap<TrustDomain, Vec<CertificateDer<'static>>>);

/// Holds a workload's credentials as they are now. Clones are readers of the same one; each handshake asks anew, so a
/// new certificate is for new connections, and those that are open stay.
#[derive(Clone, Debug)]
pub struct Identity(Arc<Cell>);

#[derive(Debug)]
struct Cell {
    current: ArcSwapOption<Credentials>,
    changes: watch::Sender<u64>,
}

impl Default for Identity {
    fn default() -> Self {
        Self(Arc::new(Cell { current: ArcSwapOption::empty(), changes: watch::Sender::new(0) }))
    }
}

impl Identity {
    /// The credentials now; `None` before the first came.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Credentials>> {
        self.0.current.load_full()
    }

    /// Puts others in their place.
    pub fn replace(&self, credentials: Credentials) {
        self.0.current.store(Some(Arc::new(credentials)));
        self.0.changes.send_modify(|count| *count += 1);
    }

    /// Counts how often they were replaced.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }
}
