//! What the mesh is, put together from what its processes say.

mod documents;
mod picture;
mod services;
mod told;

pub(super) use picture::{Picture, under_way};
pub(super) use told::{Certificates, Cluster, Configuration};
