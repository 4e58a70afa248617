//! TLS as a server ends it.

use super::CertificateSource;
use std::{path::PathBuf, sync::Arc};

/// A version of TLS that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// 1.2.
    V1_2,
    /// 1.3.
    V1_3,
}

/// TLS that ends at a server with certificates of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerTls {
    /// The certificates, each of another kind of key. Never empty.
    pub certificates: Vec<CertificateSource>,
    /// What is asked of clients; nothing when `None`.
    pub clients: Option<ClientDemand>,
    /// Which versions and ciphers are spoken.
    pub limits: TlsLimits,
}

/// Which versions and ciphers of TLS are spoken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsLimits {
    /// The oldest version. Default: 1.2.
    pub oldest: TlsVersion,
    /// The newest version, not before the oldest. Default: 1.3.
    pub newest: TlsVersion,
    /// The ciphers of TLS 1.2, by OpenSSL's names. Default: every one that is safe.
    pub ciphers: Option<Vec<Box<str>>>,
}

impl Default for TlsLimits {
    fn default() -> Self {
        Self { oldest: TlsVersion::V1_2, newest: TlsVersion::V1_3, ciphers: None }
    }
}

/// What is asked of a client's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientDemand {
    /// Whether a client must have one.
    pub is_required: bool,
    /// The authorities that it must come from.
    pub authorities: AuthoritySource,
    /// A file with certificates that are revoked.
    pub revoked: Option<PathBuf>,
    /// The names of which it must carry one; any will do when there are none.
    pub names: Vec<Box<str>>,
    /// The certificates and keys of which it must be one; any will do when `None`.
    pub pins: Option<Pins>,
    /// Whether it need not be valid at all.
    pub skips_verification: bool,
}

/// Certificates and keys that are known beforehand, by their SHA-256.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pins {
    /// Of whole certificates.
    pub certificates: Vec<[u8; 32]>,
    /// Of their public keys.
    pub keys: Vec<[u8; 32]>,
}

/// Where the certificates of authorities come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AuthoritySource {
    /// From a PEM file.
    File(PathBuf),
    /// From the secret of this name.
    Secret(Arc<str>),
}
