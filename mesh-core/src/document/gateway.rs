//! `Gateway`: the ports where traffic enters or leaves the mesh.

use super::{
    read::{At, Read},
    values::Later,
};
use std::collections::BTreeMap;

/// The `spec` of a Gateway, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gateway {
    /// The labels of the workloads that act as this gateway. Default: all workloads.
    pub selector: BTreeMap<String, String>,
    /// The ports it opens. Required.
    pub servers: Vec<Server>,
}

/// One port of a gateway, for some hosts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Server {
    /// The port. Required.
    pub port: Option<ServerPort>,
    /// The hosts it is for: `[namespace/]name`, with a wildcard in the first label. Required.
    pub hosts: Vec<String>,
    /// A name, unique in the Gateway. Default: none.
    pub name: String,
    /// TLS as the server speaks it. Default: none.
    pub tls: Option<ServerTls>,
}

/// The port of a [`Server`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerPort {
    /// The number. Required.
    pub number: u32,
    /// HTTP, HTTPS, GRPC, HTTP2, TCP, TLS, … in any case. Required.
    pub protocol: String,
    /// A name, unique in the Gateway. Required.
    pub name: String,
}

/// TLS as a gateway speaks it to clients.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerTls {
    /// Answers plain HTTP with a redirect to https. Default: false.
    pub https_redirect: bool,
    /// How TLS ends here. Default: PASSTHROUGH.
    pub mode: ServerTlsMode,
    /// A file with the certificate chain. Default: none.
    pub server_certificate: String,
    /// A file with the private key. Default: none.
    pub private_key: String,
    /// A secret that holds both. Default: none.
    pub credential_name: String,
}

/// How TLS ends at a gateway.
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

impl Read for Gateway {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { selector: f.take("selector"), servers: f.take("servers") })
    }
}

impl Read for Server {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            for field in ["bind", "defaultEndpoint"] {
                f.maybe::<Later>(field);
            }
            Self { port: f.maybe("port"), hosts: f.take("hosts"), name: f.take("name"), tls: f.maybe("tls") }
        })
    }
}

impl Read for ServerPort {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.ignore("targetPort");
            Self { number: f.take("number"), protocol: f.take("protocol"), name: f.take("name") }
        })
    }
}

impl Read for ServerTls {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            for field in [
                "credentialNames",
                "tlsCertificates",
                "caCertificates",
                "caCrl",
                "caCertCredentialName",
                "subjectAltNames",
                "verifyCertificateSpki",
                "verifyCertificateHash",
                "minProtocolVersion",
                "maxProtocolVersion",
                "cipherSuites",
                "insecureSkipVerify",
            ] {
                f.maybe::<Later>(field);
            }
            Self {
                https_redirect: f.take("httpsRedirect"),
                mode: f.take("mode"),
                server_certificate: f.take("serverCertificate"),
                private_key: f.take("privateKey"),
                credential_name: f.take("credentialName"),
            }
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
