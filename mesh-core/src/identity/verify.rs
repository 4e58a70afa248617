//! Whether the other end of a handshake is who it says, by its SPIFFE id.

use super::{
    PeerFault, SpiffeId, Svid, TrustBundle, TrustDomain, handshake::provider, signatures::verifies_signatures,
};
use rustls::{
    DistinguishedName, RootCertStore,
    client::{
        danger::{ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        ParsedCertificate, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Who may be at the other end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peers {
    /// The mesh's own trust domain, then its aliases.
    pub domains: Vec<TrustDomain>,
    /// The workloads that may be it. `None`: every one of the trust domains. Those of a trust domain that is not among
    /// `domains` count only where they are listed here, and the bundle has authorities for that domain.
    pub ids: Option<BTreeSet<SpiffeId>>,
}

impl Peers {
    /// Every workload of the mesh.
    #[must_use]
    pub fn of(domains: Vec<TrustDomain>) -> Self {
        Self { domains, ids: None }
    }

    /// These workloads, by each of the names that the mesh's trust domain has.
    #[must_use]
    pub fn only(domains: Vec<TrustDomain>, ids: impl IntoIterator<Item = SpiffeId>) -> Self {
        let ids = ids.into_iter().flat_map(|id| id.by_all_names(&domains)).collect();
        Self { domains, ids: Some(ids) }
    }

    fn may_be(&self, id: &SpiffeId) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.contains(id))
    }

    fn has_domain(&self, name: &str) -> bool {
        self.domains.iter().any(|domain| domain.as_str() == name)
    }
}

/// Verifies peers, clients and servers alike: the certificate is that of a workload ([`Svid`]), an authority of the
/// workload's own trust domain signed it, and the workload is one of those that may be there. A client must show one.
///
/// A session that is resumed is not verified again. One verifier, and the configuration that holds its sessions, is
/// therefore for one moment's credentials and one set of peers: [`super::PerCredentials`] drops them with the
/// credentials.
#[derive(Debug)]
pub struct PeerVerifier {
    peers: Peers,
    /// By trust domain.
    authorities: BTreeMap<TrustDomain, Authorities>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// The authorities of one trust domain.
#[derive(Debug)]
struct Authorities {
    roots: Arc<RootCertStore>,
    clients: Arc<dyn ClientCertVerifier>,
}

impl PeerVerifier {
    /// A verifier that believes these authorities. A trust domain of the mesh that has none of its own in the bundle has
    /// those of the mesh's others: an alias is another name for the same mesh.
    #[must_use]
    pub fn new(trust: &TrustBundle, peers: Peers) -> Self {
        let own = |domain: &TrustDomain| trust.0.get(domain).into_iter().flatten();
        let of_mesh: Vec<_> = peers.domains.iter().flat_map(own).collect();
        let mut authorities = BTreeMap::new();
        for (domain, roots) in &trust.0 {
            insert(&mut authorities, domain, &mut roots.iter());
        }
        for domain in &peers.domains {
            if !authorities.contains_key(domain) {
                insert(&mut authorities, domain, &mut of_mesh.iter().copied());
            }
        }
        let algorithms = provider().signature_verification_algorithms;
        Self { peers, authorities, algorithms }
    }

    /// Who the certificate says it is, and whose signature proves that, if such a peer may be there at all.
    fn claimed(&self, shown: &CertificateDer<'_>) -> Result<&Authorities, PeerFault> {
        let id = Svid::read(shown)?.id;
        let is_listed = self.peers.ids.is_some();
        let authorities = self.authorities.get(id.trust_domain());
        match authorities.filter(|_| is_listed || self.peers.has_domain(id.trust_domain())) {
            None => Err(PeerFault::TrustDomain(id)),
            Some(_) if !self.peers.may_be(&id) => Err(PeerFault::Unexpected(id)),
            Some(authorities) => Ok(authorities),
        }
    }
}

fn insert(
    authorities: &mut BTreeMap<TrustDomain, Authorities>,
    domain: &TrustDomain,
    roots: &mut dyn Iterator<Item = &CertificateDer<'static>>,
) {
    let mut store = RootCertStore::empty();
    for root in roots {
        if let Err(error) = store.add(root.clone()) {
            tracing::warn!(%domain, %error, "an authority's certificate cannot be used, and is not believed");
        }
    }
    let roots = Arc::new(store);
    // It fails only where there is no authority; then nobody of that domain is believed.
    if let Ok(clients) = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider()).build() {
        authorities.insert(domain.clone(), Authorities { roots, clients });
    }
}

impl ClientCertVerifier for PeerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // A workload has one certificate; names of authorities would only tell strangers whom we trust.
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.claimed(shown)?.clients.verify_client_cert(shown, intermediates, now)
    }

    verifies_signatures!(self => self.algorithms);
}

impl ServerCertVerifier for PeerVerifier {
    /// The server's name in the handshake says where to route, in Istio's form, and nothing about who answers.
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let authorities = self.claimed(shown)?;
        let parsed = ParsedCertificate::try_from(shown)?;
        let (roots, algorithms) = (&authorities.roots, self.algorithms.all);
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, now, algorithms)?;
        Ok(ServerCertVerified::assertion())
    }

    verifies_signatures!(self => self.algorithms);
}
