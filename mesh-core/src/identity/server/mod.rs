//! The certificates that a gateway shows to its clients, and what it asks of theirs.

mod clients;
mod files;
mod read;
mod resolve;

use super::secrets::{Secrets, certified};
use crate::model::{ServerTls, TlsLimits, TlsVersion};
use clients::Clients;
use files::{Files, Stamp};
use read::{Authorities, suite};
use resolve::Several;
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    version::{TLS12, TLS13},
};
use std::{
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Reads server certificates, and reads them again when they change on disk.
///
/// Each handshake asks anew; while the files are as they were that costs one look at their dates. New certificates,
/// authorities and revocations are for new connections: those that are open stay, and sessions that began under the old
/// ones are not resumed. Files that cannot be used leave the last good configuration in place.
#[derive(Debug, Default)]
pub struct ServerCertificates {
    secrets: Secrets,
    known: Mutex<HashMap<ServerTls, Known>>,
}

#[derive(Debug)]
struct Known {
    stamp: Stamp,
    config: Arc<ServerConfig>,
}

/// Why a certificate cannot be used; `Display` says it with the file and the remedy.
#[derive(Debug)]
pub struct CertificateFault(String);

impl CertificateFault {
    pub(super) fn new(reason: String) -> Self {
        Self(reason)
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CertificateFault {}

impl ServerCertificates {
    /// Looks for files that a document names as they are, then below `root`; for a secret called `name` in
    /// `root/name/tls.crt` and `tls.key`, and for the authorities of its clients in `root/name-cacert/` or
    /// `root/name/`, `ca.crt`, with `ca.crl` beside it.
    #[must_use]
    pub fn new(root: Option<PathBuf>) -> Self {
        Self { secrets: Secrets { root }, known: Mutex::default() }
    }

    /// The TLS configuration with the certificates as they are now: HTTP/2 and HTTP/1.1 by ALPN.
    ///
    /// # Errors
    /// When there are none, or nothing to verify clients by, and there was no good configuration before.
    pub fn config(&self, tls: &ServerTls) -> Result<Arc<ServerConfig>, CertificateFault> {
        let files = Files::of(tls, &self.secrets)?;
        let stamp = files.stamp();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(tls).filter(|known| known.stamp == stamp) {
            return Ok(Arc::clone(&known.config));
        }
        let last_good = known.get(tls).map(|known| Arc::clone(&known.config));
        let config = match (read(tls, &files), last_good) {
            (Ok(config), _) => config,
            (Err(fault), None) => return Err(fault),
            (Err(fault), Some(config)) => {
                tracing::warn!("certificate refused, the last good one goes on serving: {fault}");
                config
            }
        };
        // A fault is remembered with this stamp, too, so that it is complained about once.
        known.insert(tls.clone(), Known { stamp, config: Arc::clone(&config) });
        Ok(config)
    }
}

fn read(tls: &ServerTls, files: &Files) -> Result<Arc<ServerConfig>, CertificateFault> {
    let keys = files.certificates.iter().map(|[certificate, key]| certified(certificate, key).map(Arc::new));
    let several = Several(keys.collect::<Result<_, _>>()?);
    let cannot = |error: rustls::Error| CertificateFault(error.to_string());
    let builder = ServerConfig::builder_with_provider(limited(&tls.limits))
        .with_protocol_versions(versions(&tls.limits))
        .map_err(cannot)?;
    let builder = match (&tls.clients, &files.clients) {
        (Some(demand), Some(files)) => {
            let authorities = Authorities::read(files, demand.skips_verification)?;
            builder.with_client_cert_verifier(Arc::new(Clients::new(demand, authorities)?))
        }
        _ => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(several));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The versions that are spoken.
#[must_use]
pub fn versions(limits: &TlsLimits) -> &'static [&'static SupportedProtocolVersion] {
    const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
    const OLD: &[&SupportedProtocolVersion] = &[&TLS12];
    const NEW: &[&SupportedProtocolVersion] = &[&TLS13];
    match (limits.oldest, limits.newest) {
        (TlsVersion::V1_2, TlsVersion::V1_3) => BOTH,
        (TlsVersion::V1_2, TlsVersion::V1_2) => OLD,
        (TlsVersion::V1_3, _) => NEW,
    }
}

/// The cryptography with these ciphers of TLS 1.2; those of TLS 1.3 are not chosen.
fn limited(limits: &TlsLimits) -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    if let Some(ciphers) = &limits.ciphers {
        let chosen: Vec<_> = ciphers.iter().filter_map(|name| suite(name)).collect();
        provider.cipher_suites.retain(|suite| suite.tls13().is_some() || chosen.contains(&suite.suite()));
    }
    Arc::new(provider)
}
