//! How every document stands.

use crate::{
    document::{Fault, Key, Kind, Place},
    table::Generation,
};

/// How the documents stood at the last look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The table that serves.
    pub generation: Generation,
    /// The digest of the files it was made from.
    pub digest: u64,
    /// Every document of a kind that the mesh uses, in the order of files.
    pub documents: Vec<DocumentStatus>,
    /// Documents of kinds that the mesh does not use, or not yet.
    pub skipped: Vec<(Kind, Place)>,
    /// Everything that is wrong or odd: in each document, then between them. What has a code refuses no document.
    pub faults: Vec<Fault>,
}

/// How one document stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentStatus {
    /// Which object.
    pub key: Key,
    /// Where it is written.
    pub place: Place,
    /// Whether it serves.
    pub standing: Standing,
}

/// Whether a document serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// As it is written.
    Serving,
    /// Its last good version does; what is written now is wrong.
    Held,
    /// It keeps somebody from workloads, is wrong, and never was right: nobody passes until it is.
    Closed,
    /// Another document of the same kind, namespace and name does.
    Shadowed,
}
