//! Who workloads and users are, and the certificates that prove it.
//!
//! [`SpiffeId`] names a workload, [`Credentials`] are what it proves that with, and [`Identity`] holds them as they are
//! now. Where they come from is an [`Issuer`]: the mesh's own authority ([`local`]), files ([`CertificateFiles`]), or an
//! agent that speaks the SPIFFE Workload API (`WorkloadApi`, with the feature `spiffe`); [`rotate`] asks it in time.
//!
//! [`PeerVerifier`] tells whether the other end of a handshake is who it says, and [`Svid`] who that is; both ends shake
//! hands by [`client_config`] and [`server_config`]. [`Claims`] are what a verified token says of an end user.
//! [`ServerCertificates`] are those that a gateway shows, which say nothing about the mesh.
//!
//! Certificates are read with `x509-parser`, where rustls has no word for what is asked: names that are URIs, and the
//! right to sign. It borrows, has no unsafe code, is fuzzed, and is what rcgen reads with, too. Chains and signatures are
//! judged by rustls alone.
//!
//! Private keys are wiped from memory when they are dropped, with every copy of them that is made on the way from a file
//! to the cryptography, which wipes its own. They are in no `Debug`, no log and no error.

mod claims;
mod client;
mod credentials;
mod files;
mod handshake;
mod issuer;
pub mod local;
mod peer;
mod pem;
mod revocations;
mod rotate;
mod schedule;
mod secrets;
mod server;
mod signatures;
mod spiffe;
mod stamp;
mod summary;
mod svid;
mod verify;
#[cfg(feature = "spiffe")]
mod workload_api;

pub use claims::Claims;
pub use client::{
    Authorities, Client, ClientFault, ClientHandshake, ClientTls, Clients, MeshTls, OtherTls, Spoken,
};
pub use credentials::{Credentials, CredentialsFault, Identity, NoIdentity, TrustBundle};
pub use files::CertificateFiles;
pub use handshake::{PerCredentials, client_config, provider, server_config};
pub use issuer::{IssueFault, Issuer};
pub use local::LocalCa;
pub use peer::PeerCertificate;
pub use pem::{PemFault, certificates_in_pem};
pub use revocations::Revocations;
pub use rotate::rotate;
pub use server::{CertificateFault, ServerCertificates, versions};
pub use spiffe::{InvalidSpiffeId, SpiffeId, TrustDomain};
pub use summary::CertificateSummary;
pub use svid::{PeerFault, Svid};
pub use verify::{PeerVerifier, Peers};
#[cfg(feature = "spiffe")]
pub use workload_api::WorkloadApi;
