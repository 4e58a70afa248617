//! A certificate for whoever wants to know which one is in use.

use super::{peer::distinguished, svid::moment};
use rustls::pki_types::CertificateDer;
use std::time::SystemTime;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

/// What a certificate says in public, to tell it from others. Nothing of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSummary {
    /// Its serial number, in hexadecimal digits.
    pub serial: String,
    /// Whose it is, as OpenSSL writes that: `CN=shop,O=Example`; empty when only its further names say.
    pub subject: String,
    /// Who signed it, written the same way.
    pub issuer: String,
    /// Its names that are URIs: a workload's SPIFFE id.
    pub uris: Vec<String>,
    /// The moment before which it is not valid.
    pub not_before: SystemTime,
    /// The moment after which it is not.
    pub not_after: SystemTime,
}

impl CertificateSummary {
    /// Reads one; `None` when it cannot be read.
    #[must_use]
    pub fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let names = parsed.subject_alternative_name().ok()?;
        let uris =
            names.into_iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
                GeneralName::URI(uri) => Some((*uri).to_owned()),
                _ => None,
            });
        Some(Self {
            serial: parsed.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect(),
            subject: distinguished(parsed.subject()),
            issuer: distinguished(parsed.issuer()),
            uris: uris.collect(),
            not_before: moment(parsed.validity().not_before),
            not_after: moment(parsed.validity().not_after),
        })
    }
}
