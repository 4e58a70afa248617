//! What every document last meant when it was good.

use super::status::{DocumentStatus, Standing, Status};
use crate::{
    dialect::{Meaning, Setting, analyze, assemble, translate},
    document::{Document, Fault, Key, Kind, Place, Reading, Severity},
    model::Model,
    source::Batch,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Keeps the meaning of every document, and the last good one of those that are wrong now.
#[derive(Debug, Default)]
pub struct Ledger {
    setting: Setting,
    files: Vec<File>,
}

/// What one file held at the last look.
#[derive(Debug)]
struct File {
    batch: Arc<Batch>,
    slots: Vec<Slot>,
    /// What does not serve, and is looked at all the same: what is refused, and others' kinds.
    aside: Vec<Written>,
    skipped: Vec<(Kind, Place)>,
    faults: Vec<Fault>,
}

/// One document that serves.
#[derive(Clone, Debug)]
struct Slot {
    key: Key,
    place: Place,
    meaning: Arc<Meaning>,
    written: Written,
    is_held: bool,
}

/// One document of a file, shared with all of it.
#[derive(Clone, Debug)]
struct Written {
    batch: Arc<Batch>,
    index: usize,
}

/// A digest of files, equal in every process that reads equal bytes in the same order.
#[must_use]
pub fn digest(batches: &[Arc<Batch>]) -> u64 {
    // FNV-1a over the files' own digests.
    let bytes = batches.iter().flat_map(|batch| batch.digest.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Ledger {
    /// An empty ledger that understands documents by these settings.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        Self { setting, files: Vec::new() }
    }

    /// Takes in all files as they are now, and gives what they mean together and how each document stands.
    ///
    /// Files that are the same `Arc` as at the last call are not looked at again.
    pub fn take(&mut self, batches: &[Arc<Batch>]) -> (Model, Status) {
        let (model, mut status) = self.understand(batches);
        self.analyze(&model, &mut status);
        (model, status)
    }

    /// The same, without what is wrong between documents: that can be told after the model serves.
    pub(super) fn understand(&mut self, batches: &[Arc<Batch>]) -> (Model, Status) {
        let mut before: HashMap<Arc<str>, File> =
            self.files.drain(..).map(|file| (Arc::clone(&file.batch.file), file)).collect();
        let held: HashMap<Key, Slot> = before
            .values()
            .flat_map(|file| &file.slots)
            .map(|slot| (slot.key.clone(), slot.clone()))
            .collect();
        for batch in batches {
            let file = match before.remove(&batch.file) {
                Some(file) if Arc::ptr_eq(&file.batch, batch) => file,
                previous => self.read(batch, previous.as_ref(), &held),
            };
            self.files.push(file);
        }
        self.assemble(digest(batches))
    }

    fn read(&self, batch: &Arc<Batch>, previous: Option<&File>, held: &HashMap<Key, Slot>) -> File {
        let mut file = File::new(batch);
        // A document that cannot even be told apart may be any of those that the file held.
        let mut is_whole = batch.is_whole;
        for (index, reading) in batch.readings.iter().enumerate() {
            let written = || Written { batch: Arc::clone(batch), index };
            match reading {
                Reading::Good { document, .. } if document.is_for_analysis() => {
                    file.skipped.push((document.key().kind, document.place.clone()));
                    file.aside.push(written());
                }
                Reading::Good { document, faults } => {
                    file.faults.extend(faults.iter().cloned());
                    self.translate(document, written(), held, &mut file);
                }
                Reading::Bad { key, faults } => {
                    file.faults.extend(faults.iter().cloned());
                    is_whole &= key.is_some();
                    file.slots.extend(key.as_ref().and_then(|key| held.get(key)).map(Slot::hold));
                }
                Reading::Skipped { kind, place } => file.skipped.push((kind.clone(), place.clone())),
            }
        }
        if let Some(previous) = previous.filter(|_| !is_whole) {
            let seen: HashSet<Key> = file.slots.iter().map(|slot| slot.key.clone()).collect();
            let lost = previous.slots.iter().filter(|slot| !seen.contains(&slot.key));
            file.slots.extend(lost.map(Slot::hold));
        }
        file
    }

    /// Adds a document to its file: what it means, or what it last meant, or that it is there at least.
    fn translate(&self, document: &Document, written: Written, held: &HashMap<Key, Slot>, file: &mut File) {
        let (meaning, faults) = translate(document, &self.setting);
        file.faults.extend(faults);
        let (key, place) = (document.key(), document.place.clone());
        match (meaning.map(Arc::new), held.get(&key)) {
            (Some(meaning), _) => file.slots.push(Slot { key, place, meaning, written, is_held: false }),
            (None, Some(slot)) => file.slots.push(slot.hold()),
            (None, None) => file.aside.push(written),
        }
    }

    /// Tells what is wrong between the documents that `model` was understood from.
    pub(super) fn analyze(&self, model: &Model, status: &mut Status) {
        let mut owners = HashSet::new();
        let slots = self.files.iter().flat_map(|file| &file.slots);
        let serving: Vec<_> = slots.filter(|slot| owners.insert(slot.key.clone())).collect();
        let serving = serving.iter().filter_map(|slot| slot.written.document());
        let aside = self.files.iter().flat_map(|file| &file.aside).filter_map(Written::document);
        let documents = serving.chain(aside.filter(|document| owners.insert(document.key())));
        // After everything else: these faults keep no document from serving.
        status.faults.extend(analyze(documents, model, &self.setting));
    }

    fn assemble(&self, digest: u64) -> (Model, Status) {
        let mut status = Status { digest, ..Status::default() };
        let mut owners: HashMap<&Key, &Place> = HashMap::new();
        let mut serving = Vec::new();
        for file in &self.files {
            status.faults.extend(file.faults.iter().cloned());
            status.skipped.extend(file.skipped.iter().cloned());
            for slot in &file.slots {
                let mut standing = if slot.is_held { Standing::Held } else { Standing::Serving };
                if let Some(owner) = owners.get(&slot.key) {
                    standing = Standing::Shadowed;
                    status.faults.push(shadowed(slot, owner));
                } else {
                    owners.insert(&slot.key, &slot.place);
                    serving.push(slot);
                }
                let (key, place) = (slot.key.clone(), slot.place.clone());
                status.documents.push(DocumentStatus { key, place, standing });
            }
        }
        by_age(&mut serving);
        let model = assemble(serving.iter().map(|slot| &*slot.meaning), &self.setting, digest);
        (model, status)
    }
}

impl File {
    fn new(batch: &Arc<Batch>) -> Self {
        Self {
            batch: Arc::clone(batch),
            slots: Vec::new(),
            aside: Vec::new(),
            skipped: Vec::new(),
            faults: Vec::new(),
        }
    }
}

/// Sorts documents as Istio does: the oldest first, of equal age by name and then by namespace.
///
/// Those that never were in a cluster have no age, come last as the newest, and keep their order: that of file names, then
/// of documents within a file.
fn by_age(slots: &mut [&Slot]) {
    let created = |slot: &Slot| slot.written.document().and_then(|document| document.metadata.created);
    if slots.iter().any(|slot| created(slot).is_some()) {
        slots.sort_by_cached_key(|slot| match created(slot) {
            Some(time) => (false, Some((time, slot.key.name.clone(), slot.key.namespace.clone()))),
            None => (true, None),
        });
    }
}

impl Slot {
    fn hold(&self) -> Self {
        Self { is_held: true, ..self.clone() }
    }
}

impl Written {
    fn document(&self) -> Option<&Document> {
        match self.batch.readings.get(self.index)? {
            Reading::Good { document, .. } => Some(document),
            Reading::Bad { .. } | Reading::Skipped { .. } => None,
        }
    }
}

fn shadowed(slot: &Slot, owner: &Place) -> Fault {
    let reason = format!("is also written at {owner}, which is used instead");
    let fault = Fault::error(slot.place.clone(), reason).with_remedy("remove one of the two");
    Fault { severity: Severity::Warning, object: slot.key.to_string(), ..fault }
}
