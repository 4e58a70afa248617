//! What a workload's certificate says: an X.509 SVID, read strictly.

use super::{InvalidSpiffeId, SpiffeId};
use aws_lc_rs::digest::{SHA256, digest};
use rustls::{CertificateError, OtherError, pki_types::CertificateDer};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, time::ASN1Time};

/// A workload's certificate, as far as it says who the workload is. Nothing says yet that it is true.
///
/// Source: the X.509-SVID specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Svid {
    /// Who.
    pub id: SpiffeId,
    /// The SHA-256 of the certificate.
    pub hash: [u8; 32],
    /// The moment before which the certificate is not valid.
    pub not_before: SystemTime,
    /// The moment after which it is not.
    pub not_after: SystemTime,
}

/// Why a certificate is not believed to be that of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerFault {
    /// There is none, or it cannot be read.
    Unreadable,
    /// Instead of one, it has so many names that are URIs.
    Names(usize),
    /// Its name is no SPIFFE id.
    Id(InvalidSpiffeId),
    /// Its name is that of a trust domain, not of a workload.
    NoWorkload,
    /// It may sign certificates itself.
    Authority,
    /// It is of a trust domain whose certificates do not count here.
    TrustDomain(SpiffeId),
    /// It is of a workload that is not the one expected.
    Unexpected(SpiffeId),
    /// Its time is over, or has not come.
    Expired(SpiffeId),
}

impl fmt::Display for PeerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("there is no certificate that can be read"),
            Self::Names(count) => write!(f, "the certificate has {count} names that are URIs instead of one"),
            Self::Id(invalid) => write!(f, "the certificate's name is no SPIFFE id: {invalid}"),
            Self::NoWorkload => f.write_str("the certificate names a trust domain, and no workload of it"),
            Self::Authority => f.write_str("the certificate is that of an authority, not of a workload"),
            Self::TrustDomain(id) => write!(
                f,
                "no authority for {id} is trusted (is its trust domain the mesh's own, or an alias in the MeshConfig?)"
            ),
            Self::Unexpected(id) => write!(f, "{id} is not who was expected"),
            Self::Expired(id) => write!(f, "the certificate of {id} is not valid now"),
        }
    }
}

impl std::error::Error for PeerFault {}

impl From<PeerFault> for rustls::Error {
    fn from(fault: PeerFault) -> Self {
        Self::InvalidCertificate(match fault {
            PeerFault::Unreadable => CertificateError::BadEncoding,
            PeerFault::Expired(_) => CertificateError::Expired,
            fault => CertificateError::Other(OtherError(Arc::new(fault))),
        })
    }
}

impl Svid {
    /// Reads the certificate of a workload: exactly one URI among its names, which is a SPIFFE id, and no right to sign
    /// others.
    ///
    /// # Errors
    /// What of it is not that of a workload.
    pub fn read(certificate: &CertificateDer<'_>) -> Result<Self, PeerFault> {
        let (rest, parsed) = X509Certificate::from_der(certificate).map_err(|_| PeerFault::Unreadable)?;
        if !rest.is_empty() {
            return Err(PeerFault::Unreadable);
        }
        if may_sign(&parsed)? {
            return Err(PeerFault::Authority);
        }
        let id = SpiffeId::parse(only_uri(&parsed)?).map_err(PeerFault::Id)?;
        if id.path().is_empty() {
            return Err(PeerFault::NoWorkload);
        }
        let hash = digest(&SHA256, certificate).as_ref().try_into().map_err(|_| PeerFault::Unreadable)?;
        let validity = parsed.validity();
        Ok(Self { id, hash, not_before: moment(validity.not_before), not_after: moment(validity.not_after) })
    }

    /// Reads the first of the certificates that a peer showed in a handshake that was verified.
    ///
    /// A session that is resumed verifies nothing anew; that its certificate is still valid is seen here.
    ///
    /// # Errors
    /// When there is none, or its time is over.
    pub fn of_peer(shown: &[CertificateDer<'_>], now: SystemTime) -> Result<Self, PeerFault> {
        let svid = Self::read(shown.first().ok_or(PeerFault::Unreadable)?)?;
        if svid.is_valid(now) { Ok(svid) } else { Err(PeerFault::Expired(svid.id)) }
    }

    /// Whether its time has come and is not over.
    #[must_use]
    pub fn is_valid(&self, now: SystemTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

/// Whether it is a certificate authority's. An extension that is there twice, or cannot be read, is not guessed at.
fn may_sign(certificate: &X509Certificate<'_>) -> Result<bool, PeerFault> {
    let constraints = certificate.basic_constraints().map_err(|_| PeerFault::Unreadable)?;
    let usage = certificate.key_usage().map_err(|_| PeerFault::Unreadable)?;
    let is_authority = constraints.is_some_and(|constraints| constraints.value.ca);
    Ok(is_authority || usage.is_some_and(|usage| usage.value.key_cert_sign() || usage.value.crl_sign()))
}

fn only_uri<'a>(certificate: &'a X509Certificate<'_>) -> Result<&'a str, PeerFault> {
    let names = certificate.subject_alternative_name().map_err(|_| PeerFault::Unreadable)?;
    let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
    if names.iter().any(|name| matches!(name, GeneralName::Invalid(..))) {
        return Err(PeerFault::Unreadable);
    }
    let mut uris = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    match (uris.next(), uris.count()) {
        (Some(uri), 0) => Ok(uri),
        (first, others) => Err(PeerFault::Names(usize::from(first.is_some()) + others)),
    }
}

/// A date before 1970 is 1970: long over either way.
pub(super) fn moment(time: ASN1Time) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.timestamp().try_into().unwrap_or(0))
}
