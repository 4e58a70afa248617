//! Whether a server is the one that documents name, by the authorities that they name.

use crate::identity::signatures::verifies_signatures;
use rustls::{
    CertificateError, OtherError, RootCertStore,
    client::danger::{ServerCertVerified, ServerCertVerifier},
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{fmt, sync::Arc};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, RevocationOptions,
    RevocationOptionsBuilder,
};

/// Verifies servers by authorities that somebody names.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    /// Any certificate will do when there are none.
    pub(super) authorities: Option<Arc<RootCertStore>>,
    /// What is revoked. Once anything is said of that, it must be said of each certificate but the authority's own, and
    /// not be out of date.
    pub(super) revoked: Vec<CertRevocationList<'static>>,
    /// Who may answer.
    pub(super) names: Names,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

/// Whose certificate a server may show.
#[derive(Debug)]
pub(super) enum Names {
    /// That of the name that was asked for.
    AskedFor,
    /// One with one of these.
    OneOf(Box<[Name]>),
    /// Somebody else looks at the name.
    Any,
}

/// A name that a certificate may carry.
#[derive(Debug)]
pub(super) enum Name {
    /// A host or an address; a certificate's wildcard covers a host.
    Server(ServerName<'static>),
    /// Any other one, which is a URI: letter by letter the same.
    Uri(Box<str>),
}

impl Name {
    /// The name as documents write it.
    pub(super) fn of(text: &str) -> Self {
        ServerName::try_from(text.to_owned()).map_or_else(|_| Self::Uri(text.into()), Self::Server)
    }

    fn is_in(&self, shown: &EndEntityCert<'_>) -> bool {
        match self {
            Self::Server(name) => shown.verify_is_valid_for_subject_name(name).is_ok(),
            Self::Uri(uri) => shown.valid_uri_names().any(|name| *name == **uri),
        }
    }
}

/// The certificate has none of the names that a document lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NoneOfTheNames;

impl fmt::Display for NoneOfTheNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server's certificate has none of the names in subjectAltNames")
    }
}

impl std::error::Error for NoneOfTheNames {}

impl ServerVerifier {
    fn verify(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        asked_for: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let Some(authorities) = &self.authorities else { return Ok(()) };
        let shown = EndEntityCert::try_from(shown).map_err(refused)?;
        let revoked: Vec<_> = self.revoked.iter().collect();
        shown
            .verify_for_usage(
                self.algorithms.all,
                &authorities.roots,
                intermediates,
                now,
                KeyUsage::server_auth(),
                revocation(&revoked),
                None,
            )
            .map_err(refused)?;
        match &self.names {
            Names::Any => Ok(()),
            Names::AskedFor => shown.verify_is_valid_for_subject_name(asked_for).map_err(refused),
            Names::OneOf(names) if names.iter().any(|name| name.is_in(&shown)) => Ok(()),
            Names::OneOf(_) => Err(CertificateError::Other(OtherError(Arc::new(NoneOfTheNames))).into()),
        }
    }
}

fn revocation<'a>(revoked: &'a [&'a CertRevocationList<'a>]) -> Option<RevocationOptions<'a>> {
    // It fails where nothing is said of revocation.
    let options = RevocationOptionsBuilder::new(revoked).ok()?;
    Some(options.with_expiration_policy(ExpirationPolicy::Enforce).build())
}

/// The error in rustls' words, by which it tells the server what it thinks of its certificate.
fn refused(error: webpki::Error) -> rustls::Error {
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

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        asked_for: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verify(shown, intermediates, asked_for, now).map(|()| ServerCertVerified::assertion())
    }

    verifies_signatures!(self => self.algorithms);
}

/// A workload of the mesh whose certificate must not be revoked either.
#[derive(Debug)]
pub(super) struct Unrevoked<V> {
    pub(super) peers: V,
    pub(super) chain: ServerVerifier,
}

impl<V: ServerCertVerifier> ServerCertVerifier for Unrevoked<V> {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        asked_for: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.chain.verify(shown, intermediates, asked_for, now)?;
        self.peers.verify_server_cert(shown, intermediates, asked_for, ocsp, now)
    }

    verifies_signatures!(self => self.chain.algorithms);
}
