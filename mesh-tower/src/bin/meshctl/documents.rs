//! Documents from files and folders, read once.

use crate::output::{Failure, WARNING};
use mesh_core::{
    dialect::Setting,
    document::{Fault, Place, Reading},
    model::Model,
    source::file::FileSource,
    watch::{Ledger, Status},
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// What files and folders hold.
#[derive(Debug)]
pub(crate) struct Documents {
    /// What the good documents mean together.
    pub(crate) model: Model,
    /// How every document stands.
    pub(crate) status: Status,
    /// How many documents there are, good and bad, of kinds that the mesh uses.
    pub(crate) count: usize,
}

/// Reads documents; `namespace` is the one for those that name none.
///
/// # Errors
/// When one of the paths does not exist or may not be read. Wrong documents are no error: the status tells of them.
pub(crate) fn load(paths: &[PathBuf], namespace: &str, setting: Setting) -> Result<Documents, Box<Fault>> {
    let mut source = FileSource::new(paths.to_vec(), namespace.to_owned())?;
    if let Some(fault) = paths.iter().find_map(|path| unreadable(path)) {
        return Err(Box::new(fault));
    }
    let batches = source.load();
    let (model, status) = Ledger::new(setting).take(&batches);
    let count = batches.iter().flat_map(|batch| batch.readings.iter().filter(is_document)).count();
    Ok(Documents { model, status, count })
}

impl Documents {
    /// Reads documents for a command that uses them: tells of those that are left out, as warnings.
    ///
    /// # Errors
    /// As [`load`]; and when the standard error cannot be written.
    pub(crate) fn load_good(paths: &[PathBuf], namespace: &str) -> Result<Self, Failure> {
        let documents = load(paths, namespace, Setting::default());
        let documents = documents.map_err(|fault| Failure::Usage(fault.to_string()))?;
        documents.warn()?;
        Ok(documents)
    }

    /// Tells of the documents that are left out, on the standard error.
    pub(crate) fn warn(&self) -> io::Result<()> {
        let mut err = anstream::stderr().lock();
        self.status
            .faults
            .iter()
            .filter(|fault| fault.is_refusal())
            .try_for_each(|fault| writeln!(err, "{WARNING}warning:{WARNING:#} {fault}"))
    }
}

/// What keeps a path that exists from being read at all.
fn unreadable(path: &Path) -> Option<Fault> {
    let opened = if path.is_dir() { fs::read_dir(path).map(drop) } else { fs::File::open(path).map(drop) };
    let error = opened.err()?;
    let place = Place::new(path.display().to_string(), 0);
    let reason = format!("cannot be read: {}", error.kind());
    Some(Fault::error(place, reason).with_remedy("let the user of this command read it"))
}

/// Whether a reading is one of a document that is to serve, and not of a kind that is skipped or of a file that nobody could read.
fn is_document(reading: &&Reading) -> bool {
    match reading {
        Reading::Good { document, .. } => !document.is_for_analysis(),
        Reading::Bad { key, faults, .. } => {
            key.is_some() || faults.iter().any(|fault| fault.place.line() > 0)
        }
        Reading::Skipped { .. } => false,
    }
}
