//! What travels with a request: from layer to layer ([`Routed`]), and from an inbound request to the outbound calls
//! that it causes ([`Context`]).

mod current;
mod routed;
mod upstream;

pub use current::Context;
pub use routed::Routed;
pub use upstream::Upstream;
