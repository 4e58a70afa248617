//! The TLS configurations of the mesh, for as long as credentials and trust are as they were.

use super::policy::AGREED;
use mesh_core::{
    identity::{Credentials, Identity, PeerVerifier, Peers, server_config, versions},
    model::{TlsLimits, Trust},
};
use rustls::ServerConfig;
use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::SystemTime,
};

/// What a workload accepts connections of the mesh with.
///
/// A session that is resumed is not verified again, so that configurations, which remember sessions, go with the
/// credentials and the trust that they were made of.
#[derive(Debug)]
pub(crate) struct Secrets {
    identity: Identity,
    made: Mutex<Option<Made>>,
    /// Whether it was said that the workload cannot prove who it is; strangers decide how often it would be.
    is_told: AtomicBool,
}

#[derive(Debug)]
struct Made {
    credentials: Arc<Credentials>,
    trust: Arc<Trust>,
    configs: HashMap<TlsLimits, Arc<ServerConfig>>,
}

/// What one handshake is made with.
pub(crate) struct Ready {
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) config: Arc<ServerConfig>,
}

impl Secrets {
    pub(crate) fn new(identity: Identity) -> Self {
        Self { identity, made: Mutex::default(), is_told: AtomicBool::new(false) }
    }

    /// What a handshake of now is made with, by the trust of now.
    ///
    /// # Errors
    /// When the workload cannot prove who it is.
    pub(crate) fn ready(&self, trust: &Arc<Trust>, limits: &TlsLimits) -> io::Result<Ready> {
        let credentials = self.identity.valid(SystemTime::now()).map_err(|reason| {
            if !self.is_told.swap(true, Relaxed) {
                tracing::warn!("connections of the mesh are refused: {reason}");
            }
            io::Error::other(reason)
        })?;
        self.is_told.store(false, Relaxed);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = made.take().filter(|made| made.is_of(&credentials, trust));
        let now = made.insert(kept.unwrap_or_else(|| Made::new(&credentials, trust)));
        let config = match now.configs.get(limits) {
            Some(config) => Arc::clone(config),
            None => {
                let config = Arc::new(config(&credentials, trust, limits).map_err(io::Error::other)?);
                now.configs.insert(limits.clone(), Arc::clone(&config));
                config
            }
        };
        Ok(Ready { credentials, config })
    }
}

impl Made {
    fn new(credentials: &Arc<Credentials>, trust: &Arc<Trust>) -> Self {
        let (credentials, trust) = (Arc::clone(credentials), Arc::clone(trust));
        Self { credentials, trust, configs: HashMap::new() }
    }

    fn is_of(&self, credentials: &Arc<Credentials>, trust: &Arc<Trust>) -> bool {
        Arc::ptr_eq(&self.credentials, credentials) && Arc::ptr_eq(&self.trust, trust)
    }
}

fn config(
    credentials: &Credentials,
    trust: &Trust,
    limits: &TlsLimits,
) -> Result<ServerConfig, rustls::Error> {
    let peers = Peers::of(trust.domains(&credentials.id));
    let verifier = PeerVerifier::new(&trust.bundle(&credentials.trust), peers);
    let verifier = Arc::new(verifier.with_revocations(credentials.revoked.clone()));
    let oldest = limits.oldest.max(trust.oldest_version);
    let limits = TlsLimits { oldest, newest: limits.newest.max(oldest), ciphers: None };
    server_config(credentials, verifier, versions(&limits), &AGREED)
}
