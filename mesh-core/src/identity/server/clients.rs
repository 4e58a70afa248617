//! Whether the clients of a gateway are who they must be.

use super::{CertificateFault, read::Authorities};
use crate::{
    identity::{PeerCertificate, signatures::verifies_signatures},
    model::ClientDemand,
};
use rustls::{
    CertificateError, DistinguishedName,
    crypto::{WebPkiSupportedAlgorithms, aws_lc_rs},
    pki_types::{CertificateDer, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use std::sync::Arc;

/// Verifies clients by the authorities that a document names, and by what else it asks of them.
#[derive(Debug)]
pub(super) struct Clients {
    demand: ClientDemand,
    /// None when no certificate need be valid.
    chain: Option<Arc<dyn ClientCertVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Clients {
    pub(super) fn new(demand: &ClientDemand, authorities: Authorities) -> Result<Self, CertificateFault> {
        let Authorities { roots, revoked } = authorities;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let chain = match demand.skips_verification {
            true => None,
            false => Some(
                builder
                    .with_crls(revoked)
                    .enforce_revocation_expiration()
                    .build()
                    .map_err(|error| CertificateFault(format!("clients cannot be verified: {error}")))?,
            ),
        };
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        Ok(Self { demand: demand.clone(), chain, algorithms })
    }

    /// What a document asks besides a good signature.
    fn check(&self, shown: &CertificateDer<'_>) -> Result<(), rustls::Error> {
        let refuse = || rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        if self.demand.names.is_empty() && self.demand.pins.is_none() {
            return Ok(());
        }
        let certificate = PeerCertificate::read(shown).ok_or_else(refuse)?;
        let is_named = self.demand.names.is_empty() || certificate.has_name_among(&self.demand.names);
        let is_known = self.demand.pins.as_ref().is_none_or(|pins| {
            pins.certificates.contains(&certificate.hash) || pins.keys.contains(&certificate.key_hash)
        });
        if is_named && is_known { Ok(()) } else { Err(refuse()) }
    }
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.demand.is_required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.as_ref().map_or(&[], |chain| chain.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if let Some(chain) = &self.chain {
            chain.verify_client_cert(shown, intermediates, now)?;
        }
        self.check(shown)?;
        Ok(ClientCertVerified::assertion())
    }

    verifies_signatures!(self => self.algorithms);
}
