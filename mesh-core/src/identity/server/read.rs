//! Certificates, keys and revocations out of PEM files.

use super::{CertificateFault, files::ClientFiles};
use rustls::{
    CipherSuite, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use std::{fmt, fs, path::Path};

/// Whom a client's certificate must come from.
#[derive(Debug)]
pub(super) struct Authorities {
    pub(super) roots: RootCertStore,
    pub(super) revoked: Vec<CertificateRevocationListDer<'static>>,
}

impl Authorities {
    /// Reads them; none need be there when `none_will_do`.
    pub(super) fn read(files: &ClientFiles, none_will_do: bool) -> Result<Self, CertificateFault> {
        let mut roots = RootCertStore::empty();
        if none_will_do && !files.authorities.exists() {
            return Ok(Self { roots, revoked: Vec::new() });
        }
        for certificate in certificates(&files.authorities)? {
            roots.add(certificate).map_err(|error| {
                fault(&files.authorities, &format_args!("holds what is no authority's certificate: {error}"))
            })?;
        }
        let revoked = files.revoked.as_deref().map(revocations).transpose()?;
        Ok(Self { roots, revoked: revoked.unwrap_or_default() })
    }
}

/// A certificate with its key.
pub(super) fn certified(certificate: &Path, key: &Path) -> Result<CertifiedKey, CertificateFault> {
    let chain = certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_slice(&pem(key)?)
        .map_err(|error| fault(key, &format_args!("holds no private key in PEM: {error}")))?;
    let signer = aws_lc_rs::sign::any_supported_type(&private).map_err(|error| fault(key, &error))?;
    let certified = CertifiedKey::new(chain, signer);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
        Err(error) => Err(fault(key, &format_args!("does not belong to {}: {error}", certificate.display()))),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| fault(path, &format_args!("not a PEM certificate: {error}")))?;
    match chain.is_empty() {
        true => Err(fault(path, &"holds no certificate (write the chain in PEM, leaf first)")),
        false => Ok(chain),
    }
}

/// What is revoked. A file that cannot be read is a fault: it must not seem that nothing is.
fn revocations(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, CertificateFault> {
    let lists: Vec<_> =
        CertificateRevocationListDer::pem_slice_iter(&pem(path)?)
            .collect::<Result<_, _>>()
            .map_err(|error| fault(path, &format_args!("not a PEM list of revocations: {error}")))?;
    match lists.is_empty() {
        true => Err(fault(path, &"holds no list of revocations (write it in PEM, BEGIN X509 CRL)")),
        false => Ok(lists),
    }
}

fn pem(path: &Path) -> Result<Vec<u8>, CertificateFault> {
    fs::read(path).map_err(|error| fault(path, &error))
}

fn fault(path: &Path, what: &dyn fmt::Display) -> CertificateFault {
    CertificateFault(format!("{}: {what}", path.display()))
}

/// A cipher of TLS 1.2, by OpenSSL's name.
pub(super) fn suite(name: &str) -> Option<CipherSuite> {
    Some(match name {
        "ECDHE-ECDSA-AES128-GCM-SHA256" => CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-RSA-AES128-GCM-SHA256" => CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-ECDSA-AES256-GCM-SHA384" => CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-RSA-AES256-GCM-SHA384" => CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-ECDSA-CHACHA20-POLY1305" => CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        "ECDHE-RSA-CHACHA20-POLY1305" => CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        _ => return None,
    })
}
