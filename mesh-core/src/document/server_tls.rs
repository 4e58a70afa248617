//! TLS as a server speaks it.

use super::read::{At, Read};

/// TLS as a gateway, or a sidecar's own port, speaks it to clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerTls {
    /// Answers plain HTTP with a redirect to https. Default: false.
    pub https_redirect: bool,
    /// How TLS ends here. Default: PASSTHROUGH.
    pub mode: ServerTlsMode,
    /// A file with the certificate chain. Default: none.
    pub server_certificate: String,
    /// A file with the private key. Default: none.
    pub private_key: String,
    /// A file with the authorities that clients' certificates must come from. Default: none.
    pub ca_certificates: String,
    /// A file with certificates that are revoked. Default: none.
    pub ca_crl: String,
    /// A secret that holds certificate and key. Default: none.
    pub credential_name: String,
    /// Several such secrets, of different kinds of key. Default: none.
    pub credential_names: Vec<String>,
    /// A secret that holds the authorities alone. Default: none.
    pub ca_cert_credential_name: String,
    /// Several pairs of files, of different kinds of key. Default: none.
    pub tls_certificates: Vec<CertificateFiles>,
    /// The names that a client's certificate may carry. Default: any.
    pub subject_alt_names: Vec<String>,
    /// The keys that a client's certificate may have, by hash. Default: any.
    pub verify_certificate_spki: Vec<String>,
    /// The certificates that a client may have, by hash. Default: any.
    pub verify_certificate_hash: Vec<String>,
    /// The oldest version. Default: TLS 1.2.
    pub min_protocol_version: TlsVersion,
    /// The newest version. Default: TLS 1.3.
    pub max_protocol_version: TlsVersion,
    /// The ciphers, by OpenSSL's names. Default: the library's.
    pub cipher_suites: Vec<String>,
    /// Whether a client's certificate need not be valid. Default: false.
    pub insecure_skip_verify: Option<bool>,
}

/// How TLS ends at a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerTlsMode {
    /// It does not: the service behind ends it.
    #[default]
    Passthrough,
    /// Here, with a server certificate.
    Simple,
    /// Here, and the client must show a certificate.
    Mutual,
    /// It does not, and the SNI names the service.
    AutoPassthrough,
    /// Here, with the mesh's certificates.
    IstioMutual,
    /// Here, and the client may show a certificate.
    OptionalMutual,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// The library decides.
    #[default]
    Auto,
    /// 1.0.
    V1_0,
    /// 1.1.
    V1_1,
    /// 1.2.
    V1_2,
    /// 1.3.
    V1_3,
}

/// A certificate and its key, in files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFiles {
    /// A file with the certificate chain. Required.
    pub server_certificate: String,
    /// A file with the private key. Required.
    pub private_key: String,
    /// A file with authorities. Default: none.
    pub ca_certificates: String,
}

impl Read for ServerTls {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            https_redirect: f.take("httpsRedirect"),
            mode: f.take("mode"),
            server_certificate: f.take("serverCertificate"),
            private_key: f.take("privateKey"),
            ca_certificates: f.take("caCertificates"),
            ca_crl: f.take("caCrl"),
            credential_name: f.take("credentialName"),
            credential_names: f.take("credentialNames"),
            ca_cert_credential_name: f.take("caCertCredentialName"),
            tls_certificates: f.take("tlsCertificates"),
            subject_alt_names: f.take("subjectAltNames"),
            verify_certificate_spki: f.take("verifyCertificateSpki"),
            verify_certificate_hash: f.take("verifyCertificateHash"),
            min_protocol_version: f.take("minProtocolVersion"),
            max_protocol_version: f.take("maxProtocolVersion"),
            cipher_suites: f.take("cipherSuites"),
            insecure_skip_verify: f.maybe("insecureSkipVerify"),
        })
    }
}

impl Read for ServerTlsMode {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("PASSTHROUGH", 0, Self::Passthrough),
            ("SIMPLE", 1, Self::Simple),
            ("MUTUAL", 2, Self::Mutual),
            ("AUTO_PASSTHROUGH", 3, Self::AutoPassthrough),
            ("ISTIO_MUTUAL", 4, Self::IstioMutual),
            ("OPTIONAL_MUTUAL", 5, Self::OptionalMutual),
        ])
    }
}

impl Read for TlsVersion {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("TLS_AUTO", 0, Self::Auto),
            ("TLSV1_0", 1, Self::V1_0),
            ("TLSV1_1", 2, Self::V1_1),
            ("TLSV1_2", 3, Self::V1_2),
            ("TLSV1_3", 4, Self::V1_3),
        ])
    }
}

impl Read for CertificateFiles {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            server_certificate: f.take("serverCertificate"),
            private_key: f.take("privateKey"),
            ca_certificates: f.take("caCertificates"),
        })
    }
}
