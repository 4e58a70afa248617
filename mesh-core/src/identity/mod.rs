//! Who workloads and users are, and the certificates that prove it.
//!
//! [`SpiffeId`] names a workload, [`Credentials`] are what it proves that with, and [`Identity`] holds them as they are
//! now. [`PeerVerifier`] tells whether the other end of a handshake is who it says, and [`Svid`] who that is; both ends shake
//! hands by [`client_config`] and [`server_config`]. [`Claims`] are what a verified token says of an end user. [`ServerCertificates`] are those that a gateway shows,
//! which say nothing about the mesh.

mod claims;
mod client;
mod credentials;
mod handshake;
mod secrets;
mod server;
mod spiffe;
mod stamp;
mod svid;
mod verify;

pub use claims::Claims;
pub use client::{
    Authorities, Client, ClientFault, ClientHandshake, ClientTls, Clients, MeshTls, OtherTls, Spoken,
};
pub use credentials::{Credentials, CredentialsFault, Identity, NoIdentity, TrustBundle};
pub use handshake::{PerCredentials, client_config, provider, server_config};
pub use server::{CertificateFault, ServerCertificates};
pub use spiffe::{InvalidSpiffeId, SpiffeId, TrustDomain};
pub use svid::{PeerFault, Svid};
pub use verify::{PeerVerifier, Peers};
