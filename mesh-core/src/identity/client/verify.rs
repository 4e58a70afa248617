//! Whether a server is the one that documents name, by the authorities that they name.

use crate::identity::{
    Revocations,
    revocations::{Judged, refused},
    signatures::verifies_signatures,
};
use rustls::{
    CertificateError, OtherError, RootCertStore,
    client::danger::{ServerCertVerified, ServerCertVerifier},
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{fmt, sync::Arc};
use webpki::{EndEntityCert, KeyUsage};

/// Verifies servers by authorities that somebody names.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    /// Any certificate will do when there are none.
    pub(super) authorities: Option<Arc<RootCertStore>>,
    pub(super) revoked: Revocations,
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
        let judged = Judged { roots: authorities, revoked: &self.revoked, algorithms: self.algorithms };
        judged.verify(&shown, intermediates, KeyUsage::server_auth(), now)?;
        match &self.names {
            Names::AskedFor => shown.verify_is_valid_for_subject_name(asked_for).map_err(refused),
            Names::OneOf(names) if names.iter().any(|name| name.is_in(&shown)) => Ok(()),
            Names::OneOf(_) => Err(CertificateError::Other(OtherError(Arc::new(NoneOfTheNames))).into()),
        }
    }
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
