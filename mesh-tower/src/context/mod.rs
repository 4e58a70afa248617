//! What travels with a request: from layer to layer ([`Routed`], [`Tried`]), from an inbound request to the outbound calls that it
//! causes ([`Context`]), and from process to process ([`GENERATION_HEADER`]).

mod current;
mod generation;
mod routed;
mod tried;
mod upstream;

pub use current::Context;
pub use generation::GENERATION_HEADER;
pub(crate) use generation::{generation_value, take_generation};
pub use routed::Routed;
pub use tried::Tried;
pub use upstream::Upstream;
