//! Where documents come from.

mod file;
mod yaml;

pub use file::FileSource;
pub use yaml::parse;

use crate::document::Reading;
use std::sync::Arc;

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
