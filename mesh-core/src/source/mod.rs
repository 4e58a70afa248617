//! Where documents come from.

mod batch;
#[cfg(feature = "file")]
pub mod file;
mod yaml;

pub use batch::Batch;
pub use yaml::{MAX_BYTES, Parsed, parse};

use std::{future::Future, sync::Arc};

/// A place that documents come from, and that tells when they change.
pub trait Source: Send + 'static {
    /// Reads all documents, in the order of their precedence. What did not change since the last call is the same
    /// `Arc` as then. Blocks while it reads.
    fn load(&mut self) -> Vec<Arc<Batch>>;

    /// Completes when something may have changed, and the changes have settled. Cancel safe.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
}
