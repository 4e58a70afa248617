//! Whether the other end of a handshake is who it says, by its SPIFFE id.

use super::{
    PeerFault, Revocations, SpiffeId, Svid, TrustBundle, TrustDomain,
    handshake::provider,
    revocations::{Judged, refused},
    signatures::verifies_signatures,
};
use rustls::{
    DistinguishedName, RootCertStore,
    client::danger::{ServerCertVerified, ServerCertVerifier},
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use std::collections::{BTreeMap, BTreeSet};
use webpki::{EndEntityCert, KeyUsage};

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
/// workload's own trust domain signed it and did not revoke it, and the workload is one of those that may be there. A client
/// must show one.
///
/// A session that is resumed is not verified again. One verifier, and the configuration that holds its sessions, is
/// therefore for one moment's credentials and one set of peers: [`super::PerCredentials`] drops them with the
/// credentials.
#[derive(Debug)]
pub struct PeerVerifier {
    peers: Peers,
    /// By trust domain.
    authorities: BTreeMap<TrustDomain, RootCertStore>,
    revoked: Revocations,
    algorithms: WebPkiSupportedAlgorithms,
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
        Self { peers, authorities, revoked: Revocations::default(), algorithms }
    }

    /// The same, which believes no certificate that is revoked.
    #[must_use]
    pub fn with_revocations(self, revoked: Revocations) -> Self {
        Self { revoked, ..self }
    }

    fn verify(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: KeyUsage,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let roots = self.claimed(shown)?;
        let shown = EndEntityCert::try_from(shown).map_err(refused)?;
        let judged = Judged { roots, revoked: &self.revoked, algorithms: self.algorithms };
        judged.verify(&shown, intermediates, usage, now)
    }

    /// Who the certificate says it is, and whose signature proves that, if such a peer may be there at all.
    fn claimed(&self, shown: &CertificateDer<'_>) -> Result<&RootCertStore, PeerFault> {
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
    authorities: &mut BTreeMap<TrustDomain, RootCertStore>,
    domain: &TrustDomain,
    roots: &mut dyn Iterator<Item = &CertificateDer<'static>>,
) {
    let mut store = RootCertStore::empty();
    for root in roots {
        if let Err(error) = store.add(root.clone()) {
            tracing::warn!(%domain, %error, "an authority's certificate cannot be used, and is not believed");
        }
    }
    // Where there is no authority nobody of that domain is believed.
    if !store.is_empty() {
        authorities.insert(domain.clone(), store);
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
        self.verify(shown, intermediates, KeyUsage::client_auth(), now)?;
        Ok(ClientCertVerified::assertion())
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
        self.verify(shown, intermediates, KeyUsage::server_auth(), now)?;
        Ok(ServerCertVerified::assertion())
    }

    verifies_signatures!(self => self.algorithms);
}
