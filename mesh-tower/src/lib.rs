//! What the mesh does to a request: tower layers that a service links.

mod body;
mod context;
mod dice;
mod error;
mod reply;

pub mod answer;
pub mod carry;
pub mod fault;
pub mod respond;
pub mod rewrite;
pub mod route;
pub mod timeout;

pub use body::Body;
pub use context::{Context, GENERATION_HEADER, Routed};
pub use dice::Dice;
pub use error::{BoxError, Error, Kind};
pub use mesh_core;
