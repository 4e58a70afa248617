//! An authority of the mesh, what it gives to workloads, and servers that ask for it.

use crate::upstream::Upstream;
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use mesh_core::identity::{Credentials, Svid, TrustBundle, TrustDomain, provider};
use mesh_tower::{Body, BoxError};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber,
};
use rustls::{
    ALL_VERSIONS, RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
    sign::{CertifiedKey, SingleCertAndKey},
};
use std::{
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio_rustls::TlsAcceptor;

/// An authority of workloads that exists for one test.
pub struct Mint(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub struct Minted {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

/// What a server saw of a handshake. In the extensions of its requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshaken {
    /// The name that the client asked for.
    pub server_name: Option<String>,
    /// What was agreed to be spoken.
    pub alpn: Option<String>,
    /// The SPIFFE id that the client showed.
    pub client: Option<String>,
    /// Whether it was a session that was resumed.
    pub is_resumed: bool,
}

/// The number of the certificates that [`Mint::revocations`] revokes.
pub const REVOKED: u64 = 666;

impl Default for Mint {
    fn default() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "The mesh's authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }
}

impl Mint {
    /// The SPIFFE id of an account of the namespace `default`.
    #[must_use]
    pub fn id(account: &str) -> String {
        format!("spiffe://cluster.local/ns/default/sa/{account}")
    }

    /// A certificate with these names, SPIFFE ids or hosts, changed as a test likes.
    pub fn mint(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Minted {
        let mut params = CertificateParams::default();
        let name = |name: &&str| {
            let text = (*name).try_into().expect("a good name");
            if name.contains("://") { SanType::URI(text) } else { SanType::DnsName(text) }
        };
        params.subject_alt_names = names.iter().map(name).collect();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Minted { certificate, key }
    }

    /// The credentials of a workload of this id.
    #[must_use]
    pub fn credentials(&self, id: &str) -> Credentials {
        self.credentials_of(self.mint(&[id], |_| {}))
    }

    /// Credentials with this certificate, which believe the workloads of its trust domain and of `cluster.local`.
    #[must_use]
    pub fn credentials_of(&self, minted: Minted) -> Credentials {
        let Minted { certificate, key } = minted;
        let chain = vec![certificate.der().clone()];
        let id = Svid::read(&chain[0]).expect("a workload's certificate").id;
        let domain = TrustDomain::parse(id.trust_domain()).expect("a trust domain");
        let domains = [TrustDomain::default(), domain].into_iter();
        let trust = TrustBundle(domains.map(|domain| (domain, vec![self.root().clone()])).collect());
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Credentials::new(chain, &key, trust).expect("credentials that are whole")
    }

    /// The authority's own certificate.
    #[must_use]
    pub fn root(&self) -> &CertificateDer<'static> {
        self.0.der()
    }

    /// The same in PEM.
    #[must_use]
    pub fn root_pem(&self) -> String {
        self.0.pem()
    }

    /// A list, in PEM, that revokes the certificates of number [`REVOKED`], and is good for that long.
    #[must_use]
    pub fn revocations(&self, lasting: Duration) -> String {
        let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(REVOKED),
            revocation_time: an_hour_ago.into(),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: an_hour_ago.into(),
            next_update: (an_hour_ago + lasting).into(),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).and_then(|list| list.pem()).expect("a revocation list")
    }

    /// A server that shows this certificate, and wants one of this authority from its clients.
    #[must_use]
    pub fn server(&self, minted: &Minted) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.root().clone()).expect("a good authority");
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(ALL_VERSIONS)
            .expect("versions of TLS")
            .with_client_cert_verifier(clients.build().expect("an authority"));
        minted.served(builder)
    }

    /// A server that shows this certificate, and wants none from its clients.
    #[must_use]
    pub fn open_server(&self, minted: &Minted) -> ServerConfig {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(ALL_VERSIONS)
            .expect("versions of TLS")
            .with_no_client_auth();
        minted.served(builder)
    }
}

impl Minted {
    fn served(
        &self,
        builder: rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>,
    ) -> ServerConfig {
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der()).into();
        let config = builder.with_single_cert(vec![self.certificate.der().clone()], key);
        let mut config = config.expect("a certificate with its key");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }

    /// The same certificate, so many times, as a chain.
    #[must_use]
    pub fn with_chain_of(&self, length: usize) -> SingleCertAndKey {
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der()).into();
        let signer = aws_lc_rs::sign::any_supported_type(&key).expect("a key");
        CertifiedKey::new(vec![self.certificate.der().clone(); length], signer).into()
    }

    /// The certificate in PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// The key in PEM.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

/// Answers HTTP/1.1 and HTTP/2 within TLS by a function. A client that cannot shake hands is left.
pub async fn serving<F, A>(config: ServerConfig, answer: F) -> Upstream
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
{
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Upstream::raw(move |stream| {
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let seen = Handshaken::of(stream.get_ref().1);
            let answer = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(seen.clone());
                answer(request)
            });
            let builder = Builder::new(TokioExecutor::new());
            // Clients of these tests break connections on purpose.
            let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), answer).await;
        }
    })
    .await
}

/// Answers with what the server saw of the handshake; plain text is nothing of all that.
///
/// # Errors
/// None.
pub async fn tell<B>(request: Request<B>) -> Result<Response<Body>, BoxError> {
    let Handshaken { server_name, alpn, client, is_resumed } =
        request.extensions().get().cloned().unwrap_or_default();
    let mut response = Response::builder().header("x-resumed", is_resumed.to_string());
    for (name, told) in [("x-server-name", server_name), ("x-alpn", alpn), ("x-client", client)] {
        if let Some(told) = told {
            response = response.header(name, told);
        }
    }
    Ok(response.body(Body::from("hello"))?)
}

impl Handshaken {
    /// What [`tell`] told.
    #[must_use]
    pub fn told<B>(response: &Response<B>) -> Self {
        let text = |name: &str| response.headers().get(name)?.to_str().ok().map(ToOwned::to_owned);
        Self {
            server_name: text("x-server-name"),
            alpn: text("x-alpn"),
            client: text("x-client"),
            is_resumed: text("x-resumed").as_deref() == Some("true"),
        }
    }

    fn of(connection: &rustls::ServerConnection) -> Self {
        let shown = connection.peer_certificates().and_then(<[_]>::first);
        Self {
            server_name: connection.server_name().map(ToOwned::to_owned),
            alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            client: shown.map(|shown| Svid::read(shown).map(|svid| svid.id.to_string()).unwrap_or_default()),
            is_resumed: connection.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
        }
    }
}
