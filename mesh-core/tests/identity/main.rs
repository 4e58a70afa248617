//! Who workloads are, and how they prove it.

mod authority;
mod credentials;
mod files;
mod local;
mod rotation;
mod verify;
#[cfg(feature = "spiffe")]
mod workload_api;
