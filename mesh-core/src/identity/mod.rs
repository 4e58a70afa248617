//! Who workloads and users are, and the certificates that prove it.
//!
//! [`SpiffeId`] names a workload, [`Credentials`] are what it proves that with, and [`Identity`] holds them as they are
//! now. [`Claims`] are what a verified token says of an end user. [`ServerCertificates`] are those that a gateway shows,
//! which say nothing about the mesh.

mod claims;
mod credentials;
mod peer;
mod server;
mod spiffe;

pub use claims::Claims;
pub use credentials::{Credentials, Identity, TrustBundle};
pub use peer::PeerCertificate;
pub use server::{CertificateFault, ServerCertificates};
pub use spiffe::{InvalidSpiffeId, SpiffeId, TrustDomain};
