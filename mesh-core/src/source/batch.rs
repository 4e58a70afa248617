//! What one file holds.

use super::{
    embedded,
    piecewise::{self, Cut, Piece},
    yaml,
};
use crate::document::{Fault, Origin, Reading};
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
    /// The namespace for documents that name none.
    namespace: Box<str>,
    /// What `readings` were read from, in order; nothing when the text was read as one.
    pieces: Vec<Piece>,
}

impl Batch {
    /// Reads the documents in `bytes`, the content of `file`.
    ///
    /// `namespace` is the one for documents that name none. A mistake that ends the reading is the last of the
    /// readings, and the batch is not whole. Many documents are read on several threads.
    #[must_use]
    pub fn of(file: Arc<str>, bytes: &[u8], namespace: &str) -> Self {
        Self::read(file, bytes, &Cut::of(bytes), namespace, None)
    }

    /// Reads the documents in `bytes`, the new content of the same file, as [`Batch::of`] does.
    ///
    /// A document whose text is the same as before is not read again but shared, wherever it is now: its [places] and
    /// the lines of what it means move along, in this batch too. A batch of which every byte is the same is shared
    /// itself.
    ///
    /// [places]: crate::document::Place
    #[must_use]
    pub fn next(self: &Arc<Self>, bytes: &[u8]) -> Arc<Self> {
        let cut = Cut::of(bytes);
        let next = if cut.digest == self.digest {
            Arc::clone(self)
        } else {
            Arc::new(Self::read(Arc::clone(&self.file), bytes, &cut, &self.namespace, Some(self)))
        };
        piecewise::settle(&next.pieces);
        next
    }

    /// A file of more than [`MAX_BYTES`](super::MAX_BYTES), which nobody read to know that.
    #[must_use]
    pub fn too_large(file: Arc<str>) -> Self {
        let fault = yaml::oversized(&file);
        Self::unread(file, fault)
    }

    /// A file that could not be read at all.
    #[must_use]
    pub fn unread(file: Arc<str>, fault: Fault) -> Self {
        Self {
            file,
            // Not that of an empty file: one that is emptied after it could not be read has changed.
            digest: Cut::of(fault.reason.as_bytes()).digest,
            readings: vec![bad(fault)],
            is_whole: false,
            namespace: Box::default(),
            pieces: Vec::new(),
        }
    }

    fn read(file: Arc<str>, bytes: &[u8], cut: &Cut<'_>, namespace: &str, previous: Option<&Self>) -> Self {
        let previous = previous.map_or((&[][..], &[][..]), |batch| (&batch.pieces, &batch.readings));
        let whole = |fault: Option<Fault>, mut readings: Vec<Reading>, pieces| {
            let is_whole = fault.is_none();
            readings.extend(fault.map(bad));
            let (file, namespace) = (Arc::clone(&file), namespace.into());
            Self { file, digest: cut.digest, readings, is_whole, namespace, pieces }
        };
        if let Some((readings, pieces)) = piecewise::read(cut, &file, namespace, previous) {
            return whole(None, readings, pieces);
        }
        let mut readings = Vec::new();
        let origin = Origin::of(Arc::clone(&file));
        let read = yaml::read(bytes, &file, |root| readings.extend(embedded::read(root, &origin, namespace)));
        whole(read.err(), readings, Vec::new())
    }
}

fn bad(fault: Fault) -> Reading {
    Reading::Bad { key: None, faults: vec![fault], draft: None }
}
