//! TLS as a client starts it.

use super::read::{At, Read};

/// TLS as the client starts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientTls {
    /// How. Default: DISABLE.
    pub mode: ClientTlsMode,
    /// A file with the client's certificate chain. Default: none.
    pub client_certificate: String,
    /// A file with its private key. Default: none.
    pub private_key: String,
    /// A file with the authorities that the server's certificate must come from. Default: the system's.
    pub ca_certificates: String,
    /// A secret that holds all three. Default: none.
    pub credential_name: String,
    /// The names that the server's certificate may carry. Default: the host's.
    pub subject_alt_names: Vec<String>,
    /// The name to ask for. Default: the host's.
    pub sni: String,
    /// Whether any certificate of the server will do. Default: false.
    pub insecure_skip_verify: Option<bool>,
    /// A file with certificates that are revoked. Default: none.
    pub ca_crl: String,
}

/// How a client secures a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

impl Read for ClientTls {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            mode: f.take("mode"),
            client_certificate: f.take("clientCertificate"),
            private_key: f.take("privateKey"),
            ca_certificates: f.take("caCertificates"),
            credential_name: f.take("credentialName"),
            subject_alt_names: f.take("subjectAltNames"),
            sni: f.take("sni"),
            insecure_skip_verify: f.maybe("insecureSkipVerify"),
            ca_crl: f.take("caCrl"),
        })
    }
}

impl Read for ClientTlsMode {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("DISABLE", 0, Self::Disable),
            ("SIMPLE", 1, Self::Simple),
            ("MUTUAL", 2, Self::Mutual),
            ("ISTIO_MUTUAL", 3, Self::IstioMutual),
        ])
    }
}
