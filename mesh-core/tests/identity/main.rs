//! Who workloads are, and how they prove it.

mod authority;
mod credentials;
mod verify;
