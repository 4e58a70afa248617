//! The doors of the mesh: ports, certificates, and requests that come in.

mod certificates;
mod clients;
mod handshakes;
mod ports;
mod requests;
mod sealed;
