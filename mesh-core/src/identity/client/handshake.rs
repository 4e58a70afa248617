//! What documents ask of a client's handshakes.

use crate::{
    identity::{Peers, SpiffeId, TrustBundle, TrustDomain},
    model::{CertificateSource, TlsVersion},
};
use std::{
    collections::hash_map::DefaultHasher,
    fmt,
    hash::{Hash, Hasher},
    path::PathBuf,
    sync::{Arc, LazyLock},
};

/// What a client shows of itself in its handshakes with a server, whom it believes, and for whom it asks. Cheap to clone,
/// to compare and to hash, since connections are kept by it.
#[derive(Clone)]
pub struct ClientHandshake(Arc<Digested>);

struct Digested {
    digest: u64,
    tls: ClientTls,
}

/// The kinds of TLS that a client speaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientTls {
    /// Mutual TLS with what the mesh gives its workloads.
    Mesh(MeshTls),
    /// TLS with certificates of others.
    Other(OtherTls),
}

/// Mutual TLS with what the mesh gives its workloads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MeshTls {
    /// Who may answer. The workload's own trust domain is the mesh's, too, where others are.
    pub peers: Peers,
    /// Whether they may by these very ids alone, and not by those of the same workloads in the mesh's other domains.
    pub is_exact: bool,
    /// The name to ask for; none where it could be no name.
    pub server_name: Option<Box<str>>,
    /// A file with certificates that are revoked.
    pub revoked: Option<PathBuf>,
    /// Authorities besides those that the workload's credentials name.
    pub authorities: Arc<TrustBundle>,
    /// The oldest version of TLS that is spoken.
    pub oldest_version: TlsVersion,
}

/// TLS with certificates of others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OtherTls {
    /// The client's own certificate, if it shows one.
    pub credential: Option<CertificateSource>,
    /// Whose certificates are believed.
    pub authorities: Authorities,
    /// A file with certificates that are revoked.
    pub revoked: Option<PathBuf>,
    /// The names of which the server's certificate must carry one; the one that is asked for when there are none.
    pub names: Vec<Box<str>>,
    /// The name to ask for; the host of the request when `None`.
    pub server_name: Option<Box<str>>,
}

/// Whose certificates are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Authorities {
    /// Those that the system believes.
    #[default]
    System,
    /// Those of a file.
    File(PathBuf),
    /// Those of a secret.
    Secret(Arc<str>),
    /// Any will do: nothing is known of who answers.
    Anybody,
}

/// What is spoken within TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spoken {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

impl ClientHandshake {
    /// A handshake of this kind.
    #[must_use]
    pub fn new(tls: ClientTls) -> Self {
        let mut hasher = DefaultHasher::new();
        tls.hash(&mut hasher);
        Self(Arc::new(Digested { digest: hasher.finish(), tls }))
    }

    /// That of a request whose URL asks for TLS: the server must be the URL's host, by the authorities of the system.
    #[must_use]
    pub fn of_url() -> Self {
        static OF_URL: LazyLock<ClientHandshake> =
            LazyLock::new(|| ClientHandshake::new(ClientTls::Other(OtherTls::default())));
        OF_URL.clone()
    }

    /// The kind.
    #[must_use]
    pub fn tls(&self) -> &ClientTls {
        &self.0.tls
    }

    /// Whether it depends on the host of the request: connections for one host are not for another then.
    #[must_use]
    pub fn is_by_host(&self) -> bool {
        matches!(&self.0.tls, ClientTls::Other(OtherTls { server_name: None, .. }))
    }

    /// Whether files are looked at for it, which blocks.
    #[must_use]
    pub fn reads_files(&self) -> bool {
        match &self.0.tls {
            ClientTls::Mesh(mesh) => mesh.revoked.is_some(),
            ClientTls::Other(_) => true,
        }
    }
}

impl MeshTls {
    /// Who may answer a workload of this id.
    pub(super) fn peers_of(&self, own: &SpiffeId) -> Peers {
        let Peers { mut domains, ids } = self.peers.clone();
        if let Ok(domain) = TrustDomain::parse(own.trust_domain())
            && !domains.contains(&domain)
        {
            domains.push(domain);
        }
        match ids {
            Some(ids) if !self.is_exact => Peers::only(domains, ids),
            ids => Peers { domains, ids },
        }
    }

    /// Whose certificates are believed by a workload whose credentials name these authorities.
    pub(super) fn believed(&self, own: &TrustBundle) -> TrustBundle {
        let mut bundle = own.clone();
        for (domain, certificates) in &self.authorities.0 {
            bundle.0.entry(domain.clone()).or_default().extend(certificates.iter().cloned());
        }
        bundle
    }
}

impl PartialEq for ClientHandshake {
    fn eq(&self, other: &Self) -> bool {
        let is_same = Arc::ptr_eq(&self.0, &other.0);
        is_same || (self.0.digest == other.0.digest && self.0.tls == other.0.tls)
    }
}

impl Eq for ClientHandshake {}

impl Hash for ClientHandshake {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.digest);
    }
}

impl fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.tls.fmt(f)
    }
}

impl Spoken {
    /// What a workload offers another of the mesh. Istio's names come first: by them a server that takes plain text and
    /// other TLS too knows the mesh's own.
    pub(super) fn in_mesh(self) -> [&'static [u8]; 3] {
        match self {
            Self::Http1 => [b"istio-http/1.1", b"istio", b"http/1.1"],
            Self::Http2 => [b"istio-h2", b"istio", b"h2"],
        }
    }

    /// What it offers others.
    pub(super) fn elsewhere(self) -> [&'static [u8]; 1] {
        match self {
            Self::Http1 => [b"http/1.1"],
            Self::Http2 => [b"h2"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_are_the_same_when_they_ask_for_the_same() {
        let asking = |name: &str| {
            let server_name = Some(name.into());
            ClientHandshake::new(ClientTls::Other(OtherTls { server_name, ..OtherTls::default() }))
        };
        assert_eq!(asking("a"), asking("a"));
        assert_ne!(asking("a"), asking("b"));
        assert!(!asking("a").is_by_host() && ClientHandshake::of_url().is_by_host());
    }
}
