//! What a MeshConfig says about TLS.

use super::{
    read::{At, Read},
    server_tls::TlsVersion,
};

/// `meshMTLS` and `tlsDefaults`: how TLS is spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshTls {
    /// The oldest version. Default: TLS 1.2.
    pub min_protocol_version: TlsVersion,
    /// The curves. Default: the library's.
    pub ecdh_curves: Vec<String>,
    /// The ciphers, by OpenSSL's names. Default: the library's.
    pub cipher_suites: Vec<String>,
}

/// Authorities besides the mesh's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaCertificate {
    /// Their certificates. Default: none.
    pub pem: String,
    /// Where a SPIFFE bundle is. Default: nowhere.
    pub spiffe_bundle_url: String,
    /// Kubernetes' names of signers. Default: none.
    pub cert_signers: Vec<String>,
    /// The trust domains they certify. Default: the mesh's own.
    pub trust_domains: Vec<String>,
}

impl Read for MeshTls {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            min_protocol_version: f.take("minProtocolVersion"),
            ecdh_curves: f.take("ecdhCurves"),
            cipher_suites: f.take("cipherSuites"),
        })
    }
}

impl Read for CaCertificate {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            pem: f.take("pem"),
            spiffe_bundle_url: f.take("spiffeBundleUrl"),
            cert_signers: f.take("certSigners"),
            trust_domains: f.take("trustDomains"),
        })
    }
}
