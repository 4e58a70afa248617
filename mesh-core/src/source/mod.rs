//! Where documents come from.

#[cfg(feature = "file")]
mod file;
mod yaml;

#[cfg(feature = "file")]
pub use file::FileSource;
pub use yaml::parse;

use crate::document::Reading;
use std::{future::Future, sync::Arc};

/// A place that documents come from, and that tells when they change.
pub trait Source: Send + 'static {
    /// Reads all documents, in the order of their precedence. What did not change since the last call is the same
    /// `Arc` as then. Blocks while it reads.
    fn load(&mut self) -> Vec<Arc<Batch>>;

    /// Completes when something may have changed, and the changes have settled. Cancel safe.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
}

/// What one file holds, read once and shared until the file changes.
#[derive(Debug)]
pub struct Batch {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// A digest of its bytes; equal bytes give equal digests in every process.
    pub digest: u64,
    /// Its documents, good and bad, in order.
    pub readings: Vec<Reading>,
    /// Whether the file was read to its end. When not, what it held before goes on serving.
    pub is_whole: bool,
}
