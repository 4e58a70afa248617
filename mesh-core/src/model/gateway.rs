//! The doors of the mesh.

use super::{
    backend::Labels,
    host::{Host, HostPattern},
    server_tls::{ServerTls, TlsLimits},
};
use std::{fmt, net::IpAddr, path::PathBuf, sync::Arc};

/// A gateway: ports that some workloads open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Which one.
    pub name: GatewayName,
    /// The labels of the workloads that act as this gateway; empty selects all.
    pub selector: Labels,
    /// The services in front of it, of its workloads' namespace, if it names them instead of selecting workloads.
    pub services: Vec<Host>,
    /// Its ports.
    pub servers: Vec<GatewayServer>,
}

/// `namespace/name` of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GatewayName {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl Termination {
    /// Whether clients must show a certificate, or may.
    #[must_use]
    pub fn looks_at_clients(&self) -> bool {
        match self {
            Self::Own(tls) => tls.clients.is_some(),
            Self::Mesh(_) => true,
            Self::Behind | Self::Unsupported(_) => false,
        }
    }
}

impl fmt::Display for GatewayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// One port of a gateway, for some hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayServer {
    /// The port.
    pub port: u16,
    /// The port's name.
    pub port_name: Arc<str>,
    /// The address to listen on; every one of the machine when `None`.
    pub bind: Option<IpAddr>,
    /// What clients speak there.
    pub protocol: ServerProtocol,
    /// The hosts. Never empty.
    pub hosts: Vec<ServerHost>,
    /// How TLS ends; `None` for plain text.
    pub tls: Option<Termination>,
    /// Whether plain HTTP is answered with a redirect to https.
    pub redirects_to_https: bool,
}

/// A host of a server, and the namespace whose rules may serve it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHost {
    /// The namespace; any when `None`.
    pub namespace: Option<Arc<str>>,
    /// The host.
    pub pattern: HostPattern,
}

/// What clients speak at a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerProtocol {
    /// HTTP/1.1 or HTTP/2 in plain text.
    Http,
    /// The same within TLS that ends here.
    Https,
    /// TLS that ends at the service behind, with whatever is in it.
    Sealed,
    /// Anything else; not served yet.
    Other,
}

/// How TLS ends at a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Termination {
    /// Here, with certificates of its own: Istio's `SIMPLE`, `MUTUAL` and `OPTIONAL_MUTUAL`.
    Own(Arc<ServerTls>),
    /// Here, with the mesh's certificates, which clients must have, too: Istio's `ISTIO_MUTUAL`.
    Mesh(TlsLimits),
    /// At the service behind: Istio's `PASSTHROUGH`.
    Behind,
    /// In a way that is not served yet: connections are refused.
    Unsupported(&'static str),
}

/// Where a certificate and its key come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertificateSource {
    /// Two PEM files.
    Files {
        /// The chain, leaf first.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// A secret of this name, with `tls.crt` and `tls.key`.
    Secret(Arc<str>),
}
