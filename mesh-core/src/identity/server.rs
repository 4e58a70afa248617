//! The certificates that a gateway shows to its clients.

use super::stamp::{FileStamp, stamp};
use crate::model::CertificateSource;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use std::{
    collections::HashMap,
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Reads server certificates, and reads them again when they change on disk.
///
/// Each handshake asks anew; while the files are as they were that costs one look at their dates. New certificates are
/// for new connections: those that are open stay. Files that cannot be used leave the last good certificate in place.
#[derive(Debug, Default)]
pub struct ServerCertificates {
    root: Option<PathBuf>,
    known: Mutex<HashMap<CertificateSource, Known>>,
}

#[derive(Debug)]
struct Known {
    stamp: Stamp,
    config: Option<Arc<ServerConfig>>,
}

/// What changes when one of the two files does, even when its date does not.
type Stamp = [Option<FileStamp>; 2];

/// Why a certificate cannot be used; `Display` says it with the file and the remedy.
#[derive(Debug)]
pub struct CertificateFault(String);

impl CertificateFault {
    pub(super) fn new(reason: String) -> Self {
        Self(reason)
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CertificateFault {}

impl ServerCertificates {
    /// Looks for files that a document names as they are, then below `root`; for a secret called `name` in
    /// `root/name/tls.crt` and `tls.key`.
    #[must_use]
    pub fn new(root: Option<PathBuf>) -> Self {
        Self { root, known: Mutex::default() }
    }

    /// The TLS configuration for a certificate as it is now: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN.
    ///
    /// # Errors
    /// When there is none, and there was no good one before.
    pub fn config(&self, source: &CertificateSource) -> Result<Arc<ServerConfig>, CertificateFault> {
        let [certificate, key] = self.files(source)?;
        let stamp = [stamp(&certificate), stamp(&key)];
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Known { config: Some(config), .. }) =
            known.get(source).filter(|known| known.stamp == stamp)
        {
            return Ok(Arc::clone(config));
        }
        let last_good = known.get(source).and_then(|known| known.config.clone());
        match read(&certificate, &key) {
            Ok(config) => {
                known.insert(source.clone(), Known { stamp, config: Some(Arc::clone(&config)) });
                Ok(config)
            }
            Err(fault) => {
                let Some(config) = last_good else { return Err(fault) };
                tracing::warn!("certificate refused, the last good one goes on serving: {fault}");
                // Remembered with this stamp, so that it is complained about once.
                known.insert(source.clone(), Known { stamp, config: Some(Arc::clone(&config)) });
                Ok(config)
            }
        }
    }

    fn files(&self, source: &CertificateSource) -> Result<[PathBuf; 2], CertificateFault> {
        match source {
            CertificateSource::Files { certificate, key } => Ok([self.find(certificate), self.find(key)]),
            CertificateSource::Secret(name) => {
                let Some(root) = &self.root else {
                    let fault = format!("the secret {name} cannot be found: no folder of secrets is set");
                    return Err(CertificateFault(fault));
                };
                let folder = root.join(&**name);
                Ok([folder.join("tls.crt"), folder.join("tls.key")])
            }
        }
    }

    fn find(&self, written: &Path) -> PathBuf {
        match &self.root {
            Some(root) if !written.exists() => root.join(written.strip_prefix("/").unwrap_or(written)),
            _ => written.to_owned(),
        }
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, CertificateFault> {
    let fault =
        |path: &Path, what: &dyn fmt::Display| CertificateFault(format!("{}: {what}", path.display()));
    let pem = |path: &Path| fs::read(path).map_err(|error| fault(path, &error));
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem(certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|error| fault(certificate, &format_args!("not a PEM certificate: {error}")))?;
    if chain.is_empty() {
        return Err(fault(certificate, &"holds no certificate (write the chain in PEM, leaf first)"));
    }
    let private = PrivateKeyDer::from_pem_slice(&pem(key)?)
        .map_err(|error| fault(key, &format_args!("holds no private key in PEM: {error}")))?;
    let signer = aws_lc_rs::sign::any_supported_type(&private).map_err(|error| fault(key, &error))?;
    let certified = CertifiedKey::new(chain, signer);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
        Err(error) => {
            return Err(fault(key, &format_args!("does not belong to {}: {error}", certificate.display())));
        }
    }
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(certificate, &error))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
