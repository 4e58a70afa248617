//! The services of the shop: what a reader may copy. Each is a small axum application that knows nothing of the
//! mesh but the client it calls the others with.

mod api;
mod auth_server;
mod problem;
mod product;
mod product_composite;
mod recommendation;
mod review;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use auth_server::app as auth_server;
pub(crate) use problem::{Problem, with_problems};
pub(crate) use product::app as product;
pub(crate) use product_composite::app as product_composite;
pub(crate) use recommendation::app as recommendation;
pub(crate) use review::app as review;
