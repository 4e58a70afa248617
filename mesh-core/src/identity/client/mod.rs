//! What a workload connects with: to others of the mesh, and to servers that documents name.
//!
//! A [`ClientHandshake`] says what the documents ask for; [`Clients`] makes what rustls needs of it, and keeps that for as
//! long as the certificates and the trust that it was made of are the same. Whoever must not be answered is not believed:
//! where anything is missing or cannot be read there is no handshake at all.

mod clients;
mod handshake;
mod system;
mod verify;

pub use clients::{Client, ClientFault, Clients};
pub use handshake::{Authorities, ClientHandshake, ClientTls, MeshTls, OtherTls, Spoken};
