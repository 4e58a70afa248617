//! Where documents come from.

mod batch;
#[cfg(feature = "file")]
pub mod file;
mod yaml;

pub use batch::Batch;
pub use yaml::{MAX_BYTES, Parsed, parse};
