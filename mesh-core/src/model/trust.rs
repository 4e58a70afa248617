//! What the mesh believes about identities.

use super::TlsVersion;
use crate::identity::{SpiffeId, TrustBundle, TrustDomain};
use rustls::pki_types::CertificateDer;

/// What a MeshConfig says about identities, for every workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The trust domain of the mesh. Default: `cluster.local`.
    pub domain: TrustDomain,
    /// Further names of it, whose workloads are the mesh's own. Default: none.
    pub aliases: Vec<TrustDomain>,
    /// Whether calls are secured where an endpoint says that it takes that, and no DestinationRule says anything.
    /// Default: yes.
    pub secures_by_itself: bool,
    /// The oldest version of TLS between workloads. Default: 1.2.
    pub oldest_version: TlsVersion,
    /// Authorities besides those that a workload's own credentials name. Default: none.
    pub authorities: Vec<Authority>,
}

/// Certificates of authorities, and whom they certify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The trust domains; the mesh's own when empty.
    pub domains: Vec<TrustDomain>,
    /// The certificates.
    pub certificates: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Whose certificates are believed by a workload whose credentials name these authorities.
    #[must_use]
    pub fn bundle(&self, own: &TrustBundle) -> TrustBundle {
        let mut bundle = own.clone();
        for authority in &self.authorities {
            let domains = match authority.domains.as_slice() {
                [] => std::slice::from_ref(&self.domain),
                domains => domains,
            };
            for domain in domains {
                bundle.0.entry(domain.clone()).or_default().extend(authority.certificates.iter().cloned());
            }
        }
        bundle
    }

    /// The trust domains whose workloads may be peers of one of this id: the mesh's own, the workload's, and the aliases.
    #[must_use]
    pub fn domains(&self, own: &SpiffeId) -> Vec<TrustDomain> {
        let mut domains = vec![self.domain.clone()];
        let others = TrustDomain::parse(own.trust_domain()).into_iter().chain(self.aliases.iter().cloned());
        for domain in others {
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        domains
    }
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            domain: TrustDomain::default(),
            aliases: Vec::new(),
            secures_by_itself: true,
            oldest_version: TlsVersion::V1_2,
            authorities: Vec::new(),
        }
    }
}
