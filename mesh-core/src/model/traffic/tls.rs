//! What is around the bytes of a connection: TLS, a tunnel, the PROXY protocol.

use crate::model::{CertificateSource, Host};
use std::path::PathBuf;

/// TLS as a client starts it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientTls {
    /// How.
    pub mode: ClientTlsMode,
    /// The client's own certificate, or the secret with everything; for [`ClientTlsMode::Mutual`], and a secret for
    /// [`ClientTlsMode::Simple`] too.
    pub credential: Option<CertificateSource>,
    /// A file with the authorities that the server's certificate must come from. Default: the system's.
    pub authorities: Option<PathBuf>,
    /// A file with certificates that are revoked. Default: none.
    pub revoked: Option<PathBuf>,
    /// The names of which the server's certificate must carry one. Default: those that follow from the destination.
    pub subject_alt_names: Vec<Box<str>>,
    /// The name to ask for. Default: the one that follows from the destination.
    pub sni: Option<Box<str>>,
    /// Whether any certificate of the server will do. Default: no.
    pub skips_verification: bool,
}

/// How a client secures a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientTlsMode {
    /// Not at all.
    #[default]
    Disable,
    /// TLS that checks the server.
    Simple,
    /// TLS with a client certificate of one's own.
    Mutual,
    /// Mutual TLS with the mesh's certificates.
    IstioMutual,
}

/// A proxy that connections are tunnelled through.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tunnel {
    /// How it is asked.
    pub protocol: TunnelProtocol,
    /// The host at the other end.
    pub host: Host,
    /// Its port.
    pub port: u16,
}

/// How a proxy is asked for a tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TunnelProtocol {
    /// With CONNECT.
    #[default]
    Connect,
    /// With POST.
    Post,
}

/// A version of the PROXY protocol, which says in front of a connection whom it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyProtocol {
    /// The one of text.
    V1,
    /// The binary one.
    V2,
}
