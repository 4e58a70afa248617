//! How connections are secured: what a DestinationRule says, or else what endpoints say that they take.

use crate::{
    identity::{
        Authorities, ClientHandshake, ClientTls, MeshTls, OtherTls, Peers, SpiffeId, TrustBundle, TrustDomain,
    },
    model::{self, CertificateSource, ClientTlsMode, Service, Subset, Trust},
    table::{secured::Secured, snapshot::BackendEndpoint},
};
use std::{collections::BTreeSet, sync::Arc};

/// What is to be secured: connections to a port of a service, or of a subset of it.
pub(super) struct Way<'a> {
    pub(super) service: &'a Service,
    pub(super) subset: Option<&'a Subset>,
    pub(super) port: u16,
    pub(super) trust: &'a Trust,
}

impl Way<'_> {
    /// How they are, if a DestinationRule says `tls`, or nobody says anything.
    pub(super) fn secured(&self, tls: Option<&model::ClientTls>, endpoints: &[BackendEndpoint]) -> Secured {
        let Some(tls) = tls else {
            let is_taken = || endpoints.iter().any(|endpoint| endpoint.takes_mesh_tls);
            let is_wanted = self.trust.secures_by_itself && !self.service.is_external && is_taken();
            return match is_wanted {
                true => Secured::WhereTaken(self.in_mesh(&model::ClientTls::default())),
                false => Secured::Plain,
            };
        };
        match tls.mode {
            ClientTlsMode::Disable => Secured::Plain,
            ClientTlsMode::Simple | ClientTlsMode::Mutual => Secured::All(self.elsewhere(tls)),
            ClientTlsMode::IstioMutual => Secured::All(self.in_mesh(tls)),
        }
    }

    fn in_mesh(&self, tls: &model::ClientTls) -> ClientHandshake {
        ClientHandshake::new(ClientTls::Mesh(MeshTls {
            peers: self.peers(&tls.subject_alt_names),
            is_exact: !tls.subject_alt_names.is_empty(),
            server_name: tls.sni.clone().or_else(|| self.server_name()),
            revoked: tls.revoked.clone(),
            authorities: Arc::new(self.trust.bundle(&TrustBundle::default())),
            oldest_version: self.trust.oldest_version,
        }))
    }

    /// Who may answer: whom the rule names, else the service accounts of the service's instances with what its entry names
    /// besides, else every workload of the mesh.
    fn peers(&self, named: &[Box<str>]) -> Peers {
        let Trust { domain, aliases, .. } = self.trust;
        let domains: Vec<TrustDomain> = [domain].into_iter().chain(aliases).cloned().collect();
        // A name that is no SPIFFE id is nobody's in the mesh: where only such names are written nobody may answer.
        let ids = |names: &[Box<str>]| -> BTreeSet<SpiffeId> {
            names.iter().filter_map(|name| SpiffeId::parse(name).ok()).collect()
        };
        if !named.is_empty() {
            return Peers { domains, ids: Some(ids(named)) };
        }
        let accounts: BTreeSet<_> =
            self.service.endpoints.iter().map(|endpoint| &*endpoint.service_account).collect();
        let accounts = accounts.into_iter().filter(|account| !account.is_empty());
        let accounts = accounts
            .filter_map(|account| SpiffeId::of_workload(domain, &self.service.namespace, account).ok());
        let of_entry = &self.service.subject_alt_names;
        let ids: BTreeSet<_> = accounts.chain(ids(of_entry)).collect();
        let is_anybody = ids.is_empty() && of_entry.is_empty();
        Peers { domains, ids: (!is_anybody).then_some(ids) }
    }

    /// Istio's name for the way, by which its gateways pass TLS on; none for what a name in TLS cannot be: a wildcard.
    fn server_name(&self) -> Option<Box<str>> {
        let Self { service, subset, port, .. } = self;
        let subset = subset.map(|subset| &*subset.name).unwrap_or_default();
        let name = format!("outbound_.{port}_.{subset}_.{}", service.host);
        (!name.contains('*')).then(|| name.into())
    }

    fn elsewhere(&self, tls: &model::ClientTls) -> ClientHandshake {
        let authorities = match (&tls.authorities, &tls.credential) {
            _ if tls.skips_verification => Authorities::Anybody,
            (Some(path), _) => Authorities::File(path.clone()),
            (None, Some(CertificateSource::Secret(name))) => Authorities::Secret(name.clone()),
            (None, _) => Authorities::System,
        };
        let shows_itself = tls.mode == ClientTlsMode::Mutual;
        let names = match &*tls.subject_alt_names {
            [] => &self.service.subject_alt_names,
            _ => &tls.subject_alt_names,
        };
        ClientHandshake::new(ClientTls::Other(OtherTls {
            credential: tls.credential.clone().filter(|_| shows_itself),
            authorities,
            revoked: tls.revoked.clone(),
            names: names.clone(),
            server_name: tls.sni.clone(),
        }))
    }
}
