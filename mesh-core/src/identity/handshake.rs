//! How members of the mesh shake hands.

use super::{Credentials, PeerVerifier};
use rustls::{
    ClientConfig, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    sign::SingleCertAndKey,
};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// The most configurations that are kept for one moment's credentials; documents seldom name more kinds of peers.
const MOST_KEPT: usize = 4096;

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    use aws_lc_rs::cipher_suite as suite;
    let cipher_suites = vec![
        suite::TLS13_AES_256_GCM_SHA384,
        suite::TLS13_AES_128_GCM_SHA256,
        suite::TLS13_CHACHA20_POLY1305_SHA256,
        suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];
    Arc::new(CryptoProvider { cipher_suites, ..aws_lc_rs::default_provider() })
});

/// The cryptography of the mesh: aws-lc-rs with Istio's cipher suites. Of those it lacks the two of TLS 1.2 that have no
/// forward secrecy, which rustls does not know and no sidecar needs.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::clone(&PROVIDER)
}

/// What a workload accepts connections with: it shows its certificate and wants the client's.
///
/// Sessions can be resumed as long as this value lives; see [`PerCredentials`].
///
/// # Errors
/// When no cipher suite is for any of the versions.
pub fn server_config(
    credentials: &Credentials,
    verifier: Arc<PeerVerifier>,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&[u8]],
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&credentials.key))));
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

/// What a workload connects with: it shows its certificate and verifies the server's by SPIFFE id.
///
/// # Errors
/// When no cipher suite is for any of the versions.
pub fn client_config(
    credentials: &Credentials,
    verifier: Arc<PeerVerifier>,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&[u8]],
) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&credentials.key))));
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

/// Keeps what is made of a workload's credentials, TLS configurations say, until those are replaced.
///
/// Whatever a configuration remembers goes with it, so that no session outlives the certificates and the trust that it
/// began with.
#[derive(Debug)]
pub struct PerCredentials<K, V>(Mutex<Kept<K, V>>);

#[derive(Debug)]
struct Kept<K, V> {
    of: Option<Arc<Credentials>>,
    made: HashMap<K, Arc<V>>,
}

impl<K, V> Default for PerCredentials<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Kept { of: None, made: HashMap::new() }))
    }
}

impl<K: Eq + Hash, V> PerCredentials<K, V> {
    /// What was made for this key and these credentials; `make` makes it when there is none.
    ///
    /// # Errors
    /// Those of `make`; nothing is kept then.
    pub fn get<E>(
        &self,
        credentials: &Arc<Credentials>,
        key: K,
        make: impl FnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        if let Some(made) = self.kept(credentials, &key) {
            return Ok(made);
        }
        let made = Arc::new(make()?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The credentials may have been replaced meanwhile; what was made of the old ones is for this handshake alone.
        if !kept.is_of(credentials) {
            return Ok(made);
        }
        if kept.made.len() >= MOST_KEPT {
            kept.made.clear();
        }
        // Another handshake may have made it meanwhile; the first one has the sessions.
        Ok(Arc::clone(kept.made.entry(key).or_insert(made)))
    }

    fn kept(&self, credentials: &Arc<Credentials>, key: &K) -> Option<Arc<V>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.is_of(credentials) {
            kept.of = Some(Arc::clone(credentials));
            kept.made.clear();
        }
        kept.made.get(key).cloned()
    }
}

impl<K, V> Kept<K, V> {
    fn is_of(&self, credentials: &Arc<Credentials>) -> bool {
        self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, credentials))
    }
}
