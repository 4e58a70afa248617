//! An authority, its certificates, and clients that trust it.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use std::{fs, io, net::SocketAddr, path::Path, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// An authority that exists for one test.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Default for Authority {
    fn default() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "The tests' authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }
}

/// A certificate and its key, in PEM.
#[derive(Debug)]
pub struct Certified {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Authority {
    /// Its certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A new certificate for hosts; `subject` tells it from others.
    #[must_use]
    pub fn certify(&self, subject: &str, hosts: &[&str]) -> Certified {
        let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut params = CertificateParams::new(hosts).expect("good names");
        params.distinguished_name.push(DnType::CommonName, subject);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Certified { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Shakes hands at an address as a client that names a host, or none, and speaks these protocols.
    ///
    /// # Errors
    /// When the server ends the handshake, or has no certificate for the host.
    pub async fn shake_hands(
        &self,
        address: SocketAddr,
        host: Option<&str>,
        alpn: &[&str],
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("a good authority");
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        config.enable_sni = host.is_some();
        let name = ServerName::try_from(host.unwrap_or("localhost").to_owned()).expect("a good name");
        let stream = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

impl Certified {
    /// Writes it where a secret of a name is looked for.
    pub fn write(&self, secrets: &Path, name: &str) {
        let folder = secrets.join(name);
        fs::create_dir_all(&folder).expect("a folder that can be made");
        fs::write(folder.join("tls.crt"), &self.certificate).expect("a file that can be written");
        fs::write(folder.join("tls.key"), &self.key).expect("a file that can be written");
    }

    /// Whether a connection was opened with it.
    #[must_use]
    pub fn is_of(&self, stream: &TlsStream<TcpStream>) -> bool {
        use rustls::pki_types::pem::PemObject;
        let own = CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("a certificate");
        stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()) == Some(&own)
    }
}
