//! Model to snapshot: everything that does not depend on a request is settled here, once.
//!
//! Compiling cannot fail: what is missing becomes a target that says so, and is refused when it is chosen.

mod asked;
mod assemble;
mod backends;
mod directory;
mod gateway;
mod mesh;
mod replace;
mod reuse;
mod rules;
mod scope;
mod sealed;
mod secure;
mod subsets;
mod world;

pub(super) use reuse::Recipes;
