//! The certificates that all contenders with mutual TLS have: keys and chains of the same kind, of one authority.

use mesh_tower::BoxError;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SanType,
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The service account of the caller.
pub(crate) const CALLER: &str = "caller";
/// The service account of the origin.
pub(crate) const PRODUCT: &str = "product";

/// The SPIFFE id of an account.
pub(crate) fn id(account: &str) -> String {
    format!("spiffe://cluster.local/ns/default/sa/{account}")
}

/// The files of an account's certificate, as Istio's agent writes them.
pub(crate) struct Files {
    /// The folder that they are in.
    pub(crate) folder: PathBuf,
}

impl Files {
    /// Those of an account.
    pub(crate) fn of(world: &Path, account: &str) -> Self {
        Self { folder: world.join("certificates").join(account) }
    }

    /// The certificate.
    pub(crate) fn chain(&self) -> PathBuf {
        self.folder.join("cert-chain.pem")
    }

    /// Its key.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// The authority that is believed.
    pub(crate) fn roots(&self) -> PathBuf {
        self.folder.join("root-cert.pem")
    }

    /// A server of rustls that wants a certificate of its clients.
    ///
    /// # Errors
    /// When the files are not there, or are not what they should be.
    pub(crate) fn server(&self) -> Result<ServerConfig, BoxError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = Arc::new(self.read_roots()?);
        let clients = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()?;
        let (chain, key) = self.read()?;
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = builder.with_client_cert_verifier(clients).with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// A client of rustls that shows its certificate.
    ///
    /// # Errors
    /// As [`Files::server`].
    pub(crate) fn client(&self) -> Result<ClientConfig, BoxError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let (chain, key) = self.read()?;
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(builder.with_root_certificates(self.read_roots()?).with_client_auth_cert(chain, key)?)
    }

    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), BoxError> {
        let chain: Result<_, _> = CertificateDer::pem_file_iter(self.chain())?.collect();
        Ok((chain?, PrivateKeyDer::from_pem_file(self.key())?))
    }

    fn read_roots(&self) -> Result<RootCertStore, BoxError> {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_file_iter(self.roots())? {
            roots.add(root?)?;
        }
        Ok(roots)
    }
}

/// Makes an authority, and writes a certificate of it for either account.
///
/// # Errors
/// When files cannot be written.
pub(crate) fn write(world: &Path) -> Result<(), BoxError> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "peers");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    for account in [CALLER, PRODUCT] {
        let files = Files::of(world, account);
        fs::create_dir_all(&files.folder)?;
        let mut params = CertificateParams::default();
        // The mesh and Envoy look at the first, and hyper's client at the second.
        let address = SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST));
        params.subject_alt_names = vec![SanType::URI(id(account).try_into()?), address];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        fs::write(files.chain(), params.signed_by(&key, &authority)?.pem())?;
        fs::write(files.key(), key.serialize_pem())?;
        fs::write(files.roots(), authority.pem())?;
    }
    Ok(())
}
