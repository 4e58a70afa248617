//! Which of several certificates a client gets.

use rustls::{
    SignatureAlgorithm,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::sync::Arc;

/// Certificates with different kinds of keys. Those with ECDSA are for whoever can verify it, as in Envoy: they cost less.
#[derive(Debug)]
pub(super) struct Several(pub(super) Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Several {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_understood =
            |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let is_ecdsa = |key: &&Arc<CertifiedKey>| key.key.algorithm() == SignatureAlgorithm::ECDSA;
        let understood = || self.0.iter().filter(is_understood);
        // Where none will do, the handshake fails with the first, and the alert says why.
        understood().find(is_ecdsa).or_else(|| understood().next()).or(self.0.first()).cloned()
    }
}
