//! What the mesh does to a request: tower layers that a service links.

pub mod answer;
pub mod balance;
pub mod carry;
pub mod connection;
pub mod fault;
pub mod gateway;
pub mod mesh;
pub mod respond;
pub mod rewrite;
pub mod route;
pub mod serve;
pub mod timeout;

mod body;
mod client;
mod context;
mod dice;
mod error;
mod reply;
mod stack;

pub use body::Body;
pub use client::Client;
pub use context::{Context, GENERATION_HEADER, Routed, Upstream};
pub use dice::Dice;
pub use error::{BoxError, Error, Kind};
pub use mesh::Mesh;
pub use mesh_core;
