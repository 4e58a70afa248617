//! Workloads with certificates, and those who only pretend to be one.

use mesh_core::identity::{Credentials, TrustBundle, TrustDomain};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls::{
    CipherSuite, ClientConfig, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    version::{TLS12, TLS13},
};
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Both versions of TLS that are served.
pub const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
/// TLS 1.2 alone.
pub const OLD: &[&SupportedProtocolVersion] = &[&TLS12];

/// The authority of a mesh.
pub struct Root {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

/// A certificate, and the key to it.
#[derive(Debug)]
pub struct Member {
    /// The certificate, and those between it and a root.
    pub chain: Vec<CertificateDer<'static>>,
    /// The certificate in PEM.
    pub certificate: String,
    key: KeyPair,
}

impl Default for Root {
    fn default() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, "The tests' mesh");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a root");
        Self { issuer: Issuer::new(params, key), certificate }
    }
}

impl Root {
    /// Its certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// What signs in its name.
    #[must_use]
    pub fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// A list in PEM that revokes the certificate of this number.
    #[must_use]
    pub fn revoke(&self, number: u64) -> String {
        self.revoke_until(number, SystemTime::now() + Duration::from_secs(24 * 3600))
    }

    /// The same, which is out of date from a moment on.
    #[must_use]
    pub fn revoke_until(&self, number: u64, until: SystemTime) -> String {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(number),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: until.into(),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).expect("a list").pem().expect("PEM")
    }

    /// Whom workloads of a trust domain believe.
    #[must_use]
    pub fn trust(&self, domain: &str) -> TrustBundle {
        let domain = TrustDomain::parse(domain).expect("a trust domain");
        TrustBundle([(domain, vec![self.certificate.der().clone()])].into())
    }

    /// A certificate as a test wants it.
    #[must_use]
    pub fn sign(&self, params: CertificateParams) -> Member {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Member { chain: vec![certificate.der().clone()], certificate: certificate.pem(), key }
    }

    /// The certificate of a workload, `spiffe://cluster.local/ns/shop/sa/…`.
    #[must_use]
    pub fn member(&self, account: &str) -> Member {
        self.sign(named(&[&id(account)]))
    }

    /// What a workload of that account proves itself with.
    #[must_use]
    pub fn credentials(&self, account: &str) -> Credentials {
        self.member(account).credentials(self.trust("cluster.local"))
    }
}

/// The SPIFFE id of an account.
#[must_use]
pub fn id(account: &str) -> String {
    format!("spiffe://cluster.local/ns/shop/sa/{account}")
}

/// A certificate with these URIs, good for a day.
#[must_use]
pub fn named(uris: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let uri = |uri: &&str| SanType::URI((*uri).try_into().expect("ASCII"));
    params.subject_alt_names = uris.iter().map(uri).collect();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    valid(&mut params, SystemTime::now() - Duration::from_secs(60), Duration::from_secs(24 * 3600));
    params
}

/// Makes a certificate good from a moment on, for so long.
pub fn valid(params: &mut CertificateParams, from: SystemTime, lasting: Duration) {
    (params.not_before, params.not_after) = (from.into(), (from + lasting).into());
}

impl Member {
    /// The key in PEM.
    #[must_use]
    pub fn key(&self) -> String {
        self.key.serialize_pem()
    }

    fn private(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// What a workload proves itself with that believes these authorities.
    #[must_use]
    pub fn credentials(&self, trust: TrustBundle) -> Credentials {
        Credentials::new(self.chain.clone(), &self.private(), trust).expect("credentials")
    }

    /// A client that shows this certificate, and asks nothing of the server's.
    #[must_use]
    pub fn client(&self, alpn: &[&str], versions: &[&'static SupportedProtocolVersion]) -> Client {
        let shown = builder(versions).with_client_auth_cert(self.chain.clone(), self.private());
        Client::new(shown.expect("a certificate with its key"), alpn)
    }
}

/// A client of TLS that asks nothing of its server.
#[derive(Clone, Debug)]
pub struct Client(Arc<ClientConfig>);

impl Client {
    /// One without a certificate.
    #[must_use]
    pub fn stranger(alpn: &[&str]) -> Self {
        Self::new(builder(VERSIONS).with_no_client_auth(), alpn)
    }

    /// One that knows these ciphers of TLS 1.2 alone.
    #[must_use]
    pub fn of_ciphers(known: &[CipherSuite]) -> Self {
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites.retain(|suite| known.contains(&suite.suite()));
        let config = ClientConfig::builder_with_provider(Arc::new(provider));
        let config = config.with_protocol_versions(OLD).expect("a version of TLS").dangerous();
        Self::new(config.with_custom_certificate_verifier(Arc::new(Anybody)).with_no_client_auth(), &[])
    }

    /// The same, whose sessions tell their secrets.
    #[must_use]
    pub fn with_secrets(&self) -> Self {
        let mut config = ClientConfig::clone(&self.0);
        config.enable_secret_extraction = true;
        Self(Arc::new(config))
    }

    fn new(mut config: ClientConfig, alpn: &[&str]) -> Self {
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self(Arc::new(config))
    }

    /// Shakes hands, and waits until the server has said that it did, too: in TLS 1.3 a client learns of its refusal only
    /// by the first answer.
    ///
    /// # Errors
    /// When the server ends the handshake.
    pub async fn connect(&self, address: SocketAddr, host: &str) -> io::Result<TlsStream<TcpStream>> {
        self.over(TcpStream::connect(address).await?, host).await
    }

    /// The same over a connection that is there.
    ///
    /// # Errors
    /// When the server ends the handshake.
    pub async fn over(&self, stream: TcpStream, host: &str) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).expect("a good name");
        TlsConnector::from(Arc::clone(&self.0)).connect(name, stream).await
    }
}

fn builder(
    versions: &[&'static SupportedProtocolVersion],
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .expect("versions of TLS")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
}

/// Believes every server.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
