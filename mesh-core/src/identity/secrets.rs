//! Certificates, keys and revocation lists in files, as documents name them.

use super::CertificateFault;
use rustls::{
    InconsistentKeys, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};
use webpki::{CertRevocationList, OwnedCertRevocationList};
use zeroize::Zeroizing;

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
    pub(super) fn secret(&self, name: &str) -> Result<PathBuf, CertificateFault> {
        let fault = || format!("the secret {name} cannot be found: no folder of secrets is set");
        self.root.as_ref().map(|root| root.join(name)).ok_or_else(|| CertificateFault::new(fault()))
    }
}

/// A certificate chain, leaf first, with its key.
pub(super) fn certified(certificate: &Path, key: &Path) -> Result<CertifiedKey, CertificateFault> {
    let chain = certificates(certificate)?;
    if chain.is_empty() {
        return Err(fault(certificate, &"holds no certificate (write the chain in PEM, leaf first)"));
    }
    let private = PrivateKeyDer::from_pem_slice(&Zeroizing::new(bytes(key)?))
        .map_err(|error| fault(key, &format_args!("holds no private key in PEM: {error}")))?;
    let signer = aws_lc_rs::sign::any_supported_type(&private).map_err(|error| fault(key, &error))?;
    let certified = CertifiedKey::new(chain, signer);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(error) => Err(fault(key, &format_args!("does not belong to {}: {error}", certificate.display()))),
    }
}

/// The authorities of a file.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, CertificateFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| fault(path, &error))?;
    }
    if roots.is_empty() {
        return Err(fault(path, &"holds no certificate of an authority (write them in PEM)"));
    }
    Ok(roots)
}

/// The revocation lists of a file.
pub(super) fn revoked(path: &Path) -> Result<Vec<CertRevocationList<'static>>, CertificateFault> {
    let pem = bytes(path)?;
    let lists = CertificateRevocationListDer::pem_slice_iter(&pem).map(|list| {
        let list = list.map_err(|error| fault(path, &format_args!("not a PEM revocation list: {error}")))?;
        let list = OwnedCertRevocationList::from_der(&list);
        Ok(CertRevocationList::Owned(list.map_err(|error| fault(path, &error))?))
    });
    let lists = lists.collect::<Result<Vec<_>, _>>()?;
    if lists.is_empty() {
        return Err(fault(path, &"holds no revocation list (write them in PEM)"));
    }
    Ok(lists)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
    CertificateDer::pem_slice_iter(&bytes(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| fault(path, &format_args!("not a PEM certificate: {error}")))
}

fn bytes(path: &Path) -> Result<Vec<u8>, CertificateFault> {
    fs::read(path).map_err(|error| fault(path, &error))
}

fn fault(path: &Path, what: &dyn fmt::Display) -> CertificateFault {
    CertificateFault::new(format!("{}: {what}", path.display()))
}
