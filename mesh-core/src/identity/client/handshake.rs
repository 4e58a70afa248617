//! What documents ask of a client's handshakes.

use crate::{identity::Peers, model::CertificateSource};
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
    /// Who may answer.
    pub peers: Peers,
    /// The name to ask for; none where it could be no name.
    pub server_name: Option<Box<str>>,
    /// A file with certificates that are revoked.
    pub revoked: Option<PathBuf>,
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
