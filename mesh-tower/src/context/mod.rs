//! What travels with a request: from layer to layer ([`Routed`], [`Tried`]), from an inbound request to the outbound calls that it
//! causes ([`Context`]), and from process to process ([`GENERATION_HEADER`]).

mod answer_by;
mod current;
mod ejections;
mod generation;
mod inbound;
mod introduction;
mod left;
mod peer;
mod routed;
mod time_left;
mod token;
mod tried;
mod upstream;
mod written;

pub use answer_by::AnswerBy;
pub(crate) use answer_by::Sent;
pub use current::Context;
pub use ejections::Ejections;
pub(crate) use ejections::{Ejected, Ejection};
pub use generation::GENERATION_HEADER;
pub(crate) use generation::{generation_value, take_generation};
pub(crate) use inbound::{Place, connection_view};
pub(crate) use introduction::Introduction;
pub use peer::{Arrival, PeerAddress, PeerIdentity};
pub(crate) use routed::Decided;
pub use routed::Routed;
pub(crate) use time_left::{grpc_time, tell_time_left, time_left};
pub use token::Token;
pub(crate) use tried::Manner;
pub use tried::Tried;
pub use upstream::Upstream;
pub(crate) use written::Written;
