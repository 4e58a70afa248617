//! Certificates, keys and revocation lists in PEM files, as documents name them.

use super::{CertificateFault, pem};
use rustls::{
    InconsistentKeys, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, CertificateRevocationListDer},
    sign::CertifiedKey,
};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where the files are that documents name.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    /// The folder of secrets.
    pub(super) root: Option<PathBuf>,
}

impl Secrets {
    /// A file by its path: as it is written, or else below the folder of secrets.
    pub(super) fn find(&self, written: &Path) -> PathBuf {
        match &self.root {
            Some(root) if !written.exists() => root.join(written.strip_prefix("/").unwrap_or(written)),
            _ => written.to_owned(),
        }
    }

    /// The folder of a secret.
    ///
    /// # Errors
    /// When no folder of secrets is set.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, CertificateFault> {
        let fault = || format!("the secret {name} cannot be found: no folder of secrets is set");
        self.root.as_ref().map(|root| root.join(name)).ok_or_else(|| CertificateFault::new(fault()))
    }

    /// The folder of a secret's authorities. As in Istio that may be a secret beside the one with the key, so that fewer
    /// people need see the latter.
    ///
    /// # Errors
    /// When no folder of secrets is set.
    pub(super) fn folder_of_authorities(&self, name: &str) -> Result<PathBuf, CertificateFault> {
        let beside = self.folder(&format!("{name}-cacert"))?;
        if beside.exists() { Ok(beside) } else { self.folder(name) }
    }
}

/// The file of a secret by its usual name, or by Istio's other one, if only that is there.
pub(super) fn either(folder: &Path, usual: &str, other: &str) -> PathBuf {
    let [usual, other] = [usual, other].map(|name| folder.join(name));
    if !usual.exists() && other.exists() { other } else { usual }
}

/// A certificate chain, leaf first, with its key.
pub(super) fn certified(certificate: &Path, key: &Path) -> Result<CertifiedKey, CertificateFault> {
    let chain = certificates(certificate)?;
    let private = pem::key_in(&text(key)?).ok_or_else(|| fault(key, &"holds no private key in PEM"))?;
    let signer = aws_lc_rs::sign::any_supported_type(&private).map_err(|error| fault(key, &error))?;
    let certified = CertifiedKey::new(chain, signer);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(error) => Err(fault(key, &format_args!("does not belong to {}: {error}", certificate.display()))),
    }
}

/// The authorities of a file; at least one.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, CertificateFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| {
            fault(path, &format_args!("holds what is no authority's certificate: {error}"))
        })?;
    }
    Ok(roots)
}

/// What is revoked. A file that cannot be read is a fault: it must not seem that nothing is.
pub(super) fn revocations(
    path: &Path,
) -> Result<Vec<CertificateRevocationListDer<'static>>, CertificateFault> {
    let lists = pem::all_revocations(&text(path)?)
        .map_err(|error| fault(path, &format_args!("not a PEM list of revocations: {error}")))?;
    match lists.is_empty() {
        true => Err(fault(path, &"holds no list of revocations (write it in PEM, BEGIN X509 CRL)")),
        false => Ok(lists),
    }
}

/// Why a file cannot be used.
pub(super) fn fault(path: &Path, what: &dyn fmt::Display) -> CertificateFault {
    CertificateFault::new(format!("{}: {what}", path.display()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
    let chain = pem::certificates_in_pem(&text(path)?)
        .map_err(|error| fault(path, &format_args!("not a PEM certificate: {error}")))?;
    match chain.is_empty() {
        true => Err(fault(path, &"holds no certificate (write the chain in PEM, leaf first)")),
        false => Ok(chain),
    }
}

fn text(path: &Path) -> Result<pem::Text, CertificateFault> {
    pem::read(path).map_err(|error| fault(path, &error))
}
