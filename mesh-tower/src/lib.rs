//! What the mesh does to a request: tower layers that a service links.

pub mod answer;
pub mod balance;
pub mod connection;
pub mod fault;
pub mod route;
pub mod serve;
pub mod timeout;

mod body;
mod context;
mod dice;
mod error;
mod reply;

pub use body::Body;
pub use context::{Context, GENERATION_HEADER, Routed, Upstream};
pub use dice::Dice;
pub use error::{BoxError, Error, Kind};
pub use mesh_core;
