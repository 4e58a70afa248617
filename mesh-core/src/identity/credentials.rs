//! What a workload proves its identity with, at one moment.

use super::{IssueFault, PeerFault, Revocations, SpiffeId, Svid, TrustDomain};
use arc_swap::ArcSwapOption;
use rustls::{
    InconsistentKeys,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
    sign::CertifiedKey,
};
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
    /// Which of those count no more. Default: none.
    pub revoked: Revocations,
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

/// Why a certificate and a key are no credentials. Never says anything of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialsFault {
    /// The certificate is not that of a workload.
    Certificate(PeerFault),
    /// The key is of a kind that signs nothing here.
    Key,
    /// The key is not the certificate's.
    OtherKey(SpiffeId),
    /// Nobody is trusted: the workload's own trust domain has no authority.
    NoAuthority(SpiffeId),
}

impl fmt::Display for CredentialsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(fault) => fault.fmt(f),
            Self::Key => {
                f.write_str("the private key is of no kind that is supported (use ECDSA P-256 or RSA)")
            }
            Self::OtherKey(id) => write!(f, "the private key does not belong to the certificate of {id}"),
            Self::NoAuthority(id) => {
                write!(f, "no certificate of an authority of {} comes with that of {id}", id.trust_domain())
            }
        }
    }
}

impl std::error::Error for CredentialsFault {}

impl From<PeerFault> for CredentialsFault {
    fn from(fault: PeerFault) -> Self {
        Self::Certificate(fault)
    }
}

impl Credentials {
    /// Puts credentials together, and looks whether they are one whole.
    ///
    /// # Errors
    /// When the certificate is not a workload's, the key not the certificate's, or nobody is trusted.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'_>,
        trust: TrustBundle,
    ) -> Result<Self, CredentialsFault> {
        let leaf = chain.first().ok_or(PeerFault::Unreadable)?;
        let Svid { id, not_before, not_after, .. } = Svid::read(leaf)?;
        let signer = aws_lc_rs::sign::any_supported_type(key).map_err(|_| CredentialsFault::Key)?;
        let key = CertifiedKey::new(chain, signer);
        match key.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(_) => return Err(CredentialsFault::OtherKey(id)),
        }
        if trust.0.get(id.trust_domain()).is_none_or(Vec::is_empty) {
            return Err(CredentialsFault::NoAuthority(id));
        }
        let (key, trust, revoked) = (Arc::new(key), Arc::new(trust), Revocations::default());
        Ok(Self { id, key, trust, revoked, not_before, not_after })
    }

    /// The same, which know what is revoked.
    #[must_use]
    pub fn with_revocations(self, revoked: Revocations) -> Self {
        Self { revoked, ..self }
    }

    /// Whether the certificate's time has come and is not over.
    #[must_use]
    pub fn is_valid(&self, now: SystemTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether the other ones are the same certificate with the same trust, of which the same is revoked.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.key.cert == other.key.cert && self.trust == other.trust && self.revoked == other.revoked
    }
}

/// Why a workload cannot prove who it is at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoIdentity {
    /// It has had no certificate yet.
    NoneYet,
    /// The certificate that it has is not valid now.
    Expired(SpiffeId),
}

impl fmt::Display for NoIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoneYet => f.write_str(
                "this workload has no certificate yet (does MESH_IDENTITY say where it comes from?)",
            ),
            Self::Expired(id) => write!(f, "the certificate of {id} is not valid now, and no other one came"),
        }
    }
}

impl std::error::Error for NoIdentity {}

/// The certificate authorities of each trust domain. While a root changes, a domain has two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TrustBundle(pub BTreeMap<TrustDomain, Vec<CertificateDer<'static>>>);

/// Holds a workload's credentials as they are now. Clones are readers of the same one; each handshake asks anew, so a
/// new certificate is for new connections, and those that are open stay.
#[derive(Clone, Debug)]
pub struct Identity(Arc<Cell>);

#[derive(Debug)]
struct Cell {
    current: ArcSwapOption<Credentials>,
    fault: ArcSwapOption<IssueFault>,
    changes: watch::Sender<u64>,
}

impl Default for Identity {
    fn default() -> Self {
        let changes = watch::Sender::new(0);
        Self(Arc::new(Cell { current: ArcSwapOption::empty(), fault: ArcSwapOption::empty(), changes }))
    }
}

impl Identity {
    /// The credentials now; `None` before the first came.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Credentials>> {
        self.0.current.load_full()
    }

    /// The credentials for a handshake: those of now, if they are valid. A handshake without them must fail.
    ///
    /// # Errors
    /// When there are none, or their time is over.
    pub fn valid(&self, now: SystemTime) -> Result<Arc<Credentials>, NoIdentity> {
        let current = self.current().ok_or(NoIdentity::NoneYet)?;
        if current.is_valid(now) { Ok(current) } else { Err(NoIdentity::Expired(current.id.clone())) }
    }

    /// Puts others in their place.
    pub fn replace(&self, credentials: Credentials) {
        self.0.current.store(Some(Arc::new(credentials)));
        self.0.fault.store(None);
        self.0.changes.send_modify(|count| *count += 1);
    }

    /// Says why others did not come. Those that there are stay.
    pub fn refuse(&self, fault: IssueFault) {
        self.0.fault.store(Some(Arc::new(fault)));
    }

    /// Why the last attempt to renew the credentials failed, if it did.
    #[must_use]
    pub fn fault(&self) -> Option<Arc<IssueFault>> {
        self.0.fault.load_full()
    }

    /// Counts how often they were replaced.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }
}
