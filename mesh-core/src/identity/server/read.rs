//! Authorities and revocations out of PEM files, and ciphers by their names.

use super::{CertificateFault, files::ClientFiles};
use crate::identity::secrets;
use rustls::{CipherSuite, RootCertStore, pki_types::CertificateRevocationListDer};

/// Whom a client's certificate must come from.
#[derive(Debug)]
pub(super) struct Authorities {
    pub(super) roots: RootCertStore,
    pub(super) revoked: Vec<CertificateRevocationListDer<'static>>,
}

impl Authorities {
    /// Reads them; none need be there when `none_will_do`.
    pub(super) fn read(files: &ClientFiles, none_will_do: bool) -> Result<Self, CertificateFault> {
        if none_will_do && !files.authorities.exists() {
            return Ok(Self { roots: RootCertStore::empty(), revoked: Vec::new() });
        }
        let roots = secrets::authorities(&files.authorities)?;
        let revoked = files.revoked.as_deref().map(secrets::revocations).transpose()?;
        Ok(Self { roots, revoked: revoked.unwrap_or_default() })
    }
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
