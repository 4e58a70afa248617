//! Certificates that count no more, and whether one is good without being one of those.

use super::{
    CertificateFault,
    secrets::{self, fault},
};
use rustls::{
    CertificateError, OtherError, RootCertStore,
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime},
};
use std::{fmt, path::Path, sync::Arc};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationOptionsBuilder,
};

/// What authorities say is revoked: certificate revocation lists (RFC 5280).
///
/// Where there is none, nothing is revoked. Once there is one, a certificate counts only where a list that is not out of
/// date speaks of its authority, and so does every one between it and a root, as in Envoy.
#[derive(Clone, Default)]
pub struct Revocations(Vec<Arc<List>>);

struct List {
    der: CertificateRevocationListDer<'static>,
    read: CertRevocationList<'static>,
}

impl Revocations {
    /// Those of a file in PEM.
    pub(super) fn of_file(path: &Path) -> Result<Self, CertificateFault> {
        let lists = secrets::revocations(path)?.into_iter().map(|der| {
            let read = OwnedCertRevocationList::from_der(&der).map_err(|error| fault(path, &error))?;
            Ok(Arc::new(List { der, read: CertRevocationList::Owned(read) }))
        });
        Ok(Self(lists.collect::<Result<_, _>>()?))
    }

    /// These and others.
    pub(super) fn and(&self, others: &Self) -> Self {
        Self(self.0.iter().chain(&others.0).cloned().collect())
    }
}

impl PartialEq for Revocations {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().map(|list| &list.der).eq(other.0.iter().map(|list| &list.der))
    }
}

impl Eq for Revocations {}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").field("lists", &self.0.len()).finish_non_exhaustive()
    }
}

/// By what a certificate is judged.
pub(super) struct Judged<'a> {
    pub(super) roots: &'a RootCertStore,
    pub(super) revoked: &'a Revocations,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl Judged<'_> {
    /// Whether a root vouches for a certificate, for this use and at this time, and nobody has revoked it.
    pub(super) fn verify(
        &self,
        shown: &EndEntityCert<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: KeyUsage,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let lists: Vec<_> = self.revoked.0.iter().map(|list| &list.read).collect();
        // It fails where nothing is said of revocation.
        let revocation = RevocationOptionsBuilder::new(&lists).ok();
        let revocation = revocation.map(|of| of.with_expiration_policy(ExpirationPolicy::Enforce).build());
        let (algorithms, roots) = (self.algorithms.all, &self.roots.roots);
        let verified = shown.verify_for_usage(algorithms, roots, intermediates, now, usage, revocation, None);
        verified.map(drop).map_err(refused)
    }
}

/// The error in rustls' words, by which it tells the other end what it thinks of its certificate.
pub(super) fn refused(error: webpki::Error) -> rustls::Error {
    let certificate = match error {
        webpki::Error::BadDer | webpki::Error::BadDerTime => CertificateError::BadEncoding,
        webpki::Error::CertExpired { time, not_after } => {
            CertificateError::ExpiredContext { time, not_after }
        }
        webpki::Error::CertNotValidYet { time, not_before } => {
            CertificateError::NotValidYetContext { time, not_before }
        }
        webpki::Error::UnknownIssuer => CertificateError::UnknownIssuer,
        webpki::Error::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        webpki::Error::CertRevoked => CertificateError::Revoked,
        webpki::Error::UnknownRevocationStatus => CertificateError::UnknownRevocationStatus,
        webpki::Error::CrlExpired { time, next_update } => {
            CertificateError::ExpiredRevocationListContext { time, next_update }
        }
        webpki::Error::CertNotValidForName(context) => CertificateError::NotValidForNameContext {
            expected: context.expected,
            presented: context.presented,
        },
        other => CertificateError::Other(OtherError(Arc::new(other))),
    };
    certificate.into()
}
