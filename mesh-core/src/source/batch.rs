//! What one file holds.

use super::{
    embedded::unfold,
    yaml::{Parsed, oversized, parse},
};
use crate::document::{self, Fault, Reading};
use std::sync::Arc;

/// What one file holds, read once and shared until the file changes.
#[derive(Debug)]
pub struct Batch {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// A digest of its bytes, or of the reason why they were not read; equal bytes give equal digests in every process.
    pub digest: u64,
    /// Its documents, good and bad, in order.
    pub readings: Vec<Reading>,
    /// Whether the file was read to its end. When not, what it held before goes on serving.
    pub is_whole: bool,
}

impl Batch {
    /// Reads the documents in `bytes`, the content of `file`.
    ///
    /// `namespace` is the one for documents that name none. A mistake that ends the reading is the last of the
    /// readings, and the batch is not whole.
    #[must_use]
    pub fn of(file: Arc<str>, bytes: &[u8], namespace: &str) -> Self {
        let Parsed { documents, fault } = parse(bytes, &file);
        let read = |mut root| match unfold(&mut root, &file) {
            None => document::read(&root, &file, namespace),
            Some(fault) => vec![bad(fault)],
        };
        let mut readings: Vec<_> = documents.into_iter().flat_map(read).collect();
        let is_whole = fault.is_none();
        readings.extend(fault.map(bad));
        Self { digest: digest(bytes), file, readings, is_whole }
    }

    /// A file of more than [`MAX_BYTES`](super::MAX_BYTES), which nobody read to know that.
    #[must_use]
    pub fn too_large(file: Arc<str>) -> Self {
        let fault = oversized(&file);
        Self::unread(file, fault)
    }

    /// A file that could not be read at all.
    #[must_use]
    pub fn unread(file: Arc<str>, fault: Fault) -> Self {
        // Not that of an empty file: one that is emptied after it could not be read has changed.
        Self { file, digest: digest(fault.reason.as_bytes()), readings: vec![bad(fault)], is_whole: false }
    }
}

fn bad(fault: Fault) -> Reading {
    Reading::Bad { key: None, faults: vec![fault] }
}

/// FNV-1a: the same in every process, unlike the standard library's hash.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_published_one() {
        assert_eq!(digest(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(digest(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
