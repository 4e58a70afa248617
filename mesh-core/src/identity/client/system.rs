//! The authorities that the system believes.

use crate::identity::CertificateFault;
use rustls::RootCertStore;
use std::sync::{Arc, OnceLock};

/// The system's own authorities, as every other program on the machine has them: an authority that an operator adds there
/// counts here, and one that is withdrawn does not live on in a compiled list. Read once; reading blocks.
///
/// # Errors
/// When there are none; the next one who asks looks again.
pub(super) fn authorities() -> Result<Arc<RootCertStore>, CertificateFault> {
    static FOUND: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(Arc::clone(found));
    }
    let read = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(read.certs);
    if unusable > 0 {
        tracing::debug!(
            unusable,
            "authorities of the system that are not believed, since they cannot be read"
        );
    }
    if roots.is_empty() {
        let why = read.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        return Err(CertificateFault::new(format!(
            "the system has no certificate authorities{why} (install ca-certificates, set SSL_CERT_FILE, or name a file in caCertificates)"
        )));
    }
    Ok(Arc::clone(FOUND.get_or_init(|| Arc::new(roots))))
}
