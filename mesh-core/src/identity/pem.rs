//! Certificates and keys in PEM files. The text of a key is wiped when it is dropped.

use super::IssueFault;
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{fs, path::Path};
use zeroize::Zeroizing;

/// A private key that is wiped when it is dropped.
pub(super) type Key = Zeroizing<PrivateKeyDer<'static>>;

/// The certificates of a file; at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, IssueFault> {
    certificates_in(&fs::read(path).map_err(|error| IssueFault::at(path.display(), error))?, path)
}

/// The certificates of a text from a file; at least one.
pub(super) fn certificates_in(text: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, IssueFault> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let certificates =
        read.map_err(|error| IssueFault::at(path.display(), format_args!("not a PEM certificate: {error}")))?;
    match certificates.is_empty() {
        true => Err(IssueFault::at(path.display(), "holds no certificate in PEM")),
        false => Ok(certificates),
    }
}

/// The private key of a file.
pub(super) fn key(path: &Path) -> Result<Key, IssueFault> {
    let text = fs::read(path).map(Zeroizing::new).map_err(|error| IssueFault::at(path.display(), error))?;
    key_in(&text).ok_or_else(|| IssueFault::at(path.display(), "holds no private key in PEM"))
}

/// The first private key of a text. Why there is none is not told: a parser's reason may quote the text.
pub(super) fn key_in(text: &[u8]) -> Option<Key> {
    PrivateKeyDer::from_pem_slice(text).ok().map(Zeroizing::new)
}

/// A certificate in PEM.
pub(super) fn text(certificate: &CertificateDer<'_>) -> String {
    let encoded = STANDARD.encode(certificate);
    let lines = encoded.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned());
    let lines: Vec<_> = lines.collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
