//! Documents and what is wrong in them, file by file.

use super::told::{Configuration, Fault};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One file of documents.
#[derive(Debug, Default, Serialize)]
pub(in crate::console) struct File {
    documents: BTreeSet<Document>,
    /// Each with how many processes say so.
    faults: Vec<Told>,
    #[serde(skip)]
    counted: BTreeMap<Fault, usize>,
}

#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Document {
    line: u64,
    kind: String,
    namespace: String,
    name: String,
    standing: String,
}

#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    fault: Fault,
    processes: usize,
}

/// The files of all documents that these processes have read.
pub(super) fn files<'a>(of: impl Iterator<Item = &'a Configuration>) -> BTreeMap<String, File> {
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    for configuration in of {
        for document in &configuration.documents {
            let (file, line) = place(&document.place);
            files.entry(file.to_owned()).or_default().documents.insert(Document {
                line,
                kind: document.kind.clone(),
                namespace: document.namespace.clone(),
                name: document.name.clone(),
                standing: document.standing.clone(),
            });
        }
        let unique: BTreeSet<&Fault> = configuration.faults.iter().collect();
        for fault in unique {
            let file = files.entry(fault.file.clone()).or_default();
            *file.counted.entry(fault.clone()).or_default() += 1;
        }
    }
    for file in files.values_mut() {
        let mut faults: Vec<_> = std::mem::take(&mut file.counted).into_iter().collect();
        faults.sort_by_key(|(fault, _)| fault.line);
        file.faults = faults.into_iter().map(|(fault, processes)| Told { fault, processes }).collect();
    }
    files
}

/// Reads `file:line`; 0 where there is no line.
fn place(text: &str) -> (&str, u64) {
    let split = text.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
    split.unwrap_or((text, 0))
}
