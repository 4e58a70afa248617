//! What the mesh does to a request: tower layers that a service links.

mod body;
mod context;
mod dice;
mod error;

pub use body::Body;
pub use context::{Context, Routed};
pub use dice::Dice;
pub use error::{BoxError, Error, Kind};
pub use mesh_core;
