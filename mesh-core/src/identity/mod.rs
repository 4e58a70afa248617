//! Certificates: where they are, and that a changed one is picked up.

mod server;

pub use server::{CertificateFault, ServerCertificates};
