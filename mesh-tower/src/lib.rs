//! What the mesh does to a request: tower layers that a service links.

pub mod balance;
mod body;
pub mod connection;
mod context;
mod dice;
mod error;

pub use body::Body;
pub use context::{Context, Routed, Upstream};
pub use dice::Dice;
pub use error::{BoxError, Error, Kind};
pub use mesh_core;
