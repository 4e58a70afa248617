//! What every document last meant when it was good.

use super::{
    slot::{Entry, Hashed, Past, Role, Slot, Translated, understand},
    status::{DocumentStatus, Standing, Status},
};
use crate::{
    dialect::{Setting, analyze, assemble},
    document::{Document, Fault, Key, Kind, Place, Reading, Timestamp},
    model::Model,
    source::{Batch, pairs::pairs, parallel},
};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::{
    cell::LazyCell,
    collections::hash_map::Entry::{Occupied, Vacant},
    sync::Arc,
};

/// Keeps the meaning of every document, and the last good one of those that are wrong now.
#[derive(Debug, Default)]
pub struct Ledger {
    setting: Setting,
    files: Vec<Arc<File>>,
    /// Whether two documents have the same name.
    has_namesakes: bool,
    others: Others,
}

/// All that is no VirtualService, and what it means together.
#[derive(Debug, Default)]
struct Others {
    entries: Vec<Arc<Entry>>,
    /// Without VirtualServices.
    model: Model,
}

/// What one file held at the last look.
#[derive(Debug)]
struct File {
    batch: Arc<Batch>,
    slots: Vec<Slot>,
    /// What does not serve, and is looked at all the same: what is refused, and others' kinds.
    aside: Vec<Arc<Document>>,
    skipped: Vec<(Kind, Place)>,
    faults: Vec<Fault>,
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
        Self { setting, ..Self::default() }
    }

    /// Takes in all files as they are now, and gives what they mean together and how each document stands: what
    /// [`Ledger::read`] and then [`Ledger::status`] give.
    pub fn take(&mut self, batches: &[Arc<Batch>]) -> (Model, Status) {
        let model = self.read(batches);
        let status = self.status(&model);
        (model, status)
    }

    /// Takes in all files as they are now, and gives what they mean together.
    ///
    /// Files and documents that are the same `Arc` as at the last call are not looked at again. Many new documents are
    /// understood on several threads.
    pub fn read(&mut self, batches: &[Arc<Batch>]) -> Model {
        let before = std::mem::take(&mut self.files);
        // Most files are where they were.
        let by_name = LazyCell::new(|| before.iter().map(|file| (&*file.batch.file, file)).collect());
        let find = |(index, batch): (usize, &Arc<Batch>)| {
            let by_name: &FxHashMap<&str, &Arc<File>> = &by_name;
            let expected = before.get(index).filter(|file| file.batch.file == batch.file);
            expected.or_else(|| by_name.get(&*batch.file).copied())
        };
        let former: Vec<Option<&Arc<File>>> = batches.iter().enumerate().map(find).collect();
        let changed = batches.iter().zip(&former).filter(|(batch, former)| !is_same(batch, **former));
        let new: Vec<_> =
            changed.flat_map(|(batch, former)| goods(batch, *former)).filter_map(Result::err).collect();
        let mut translated = parallel::map(&new, |document| understand(document, &self.setting)).into_iter();
        let held = LazyCell::new(|| held(&before));
        let held = |key: &Key| held.get(key).copied();
        let past = Past { setting: &self.setting, held: &held };
        let file = |(batch, former): (&Arc<Batch>, Option<&Arc<File>>)| match former {
            Some(former) if Arc::ptr_eq(&former.batch, batch) => Arc::clone(former),
            _ => Arc::new(File::read(batch, former, &mut translated, &past)),
        };
        self.files = batches.iter().zip(former).map(file).collect();
        if !have_same_names(&before, &self.files) {
            self.has_namesakes = self.standing().iter().any(|(_, owner)| owner.is_some());
        }
        self.assemble(digest(batches))
    }

    /// What all that serves means together. Services and the like are put together again only when one of them changed.
    fn assemble(&mut self, digest: u64) -> Model {
        let mut serving = self.serving();
        by_age(&mut serving);
        let rules = serving.iter().filter(|slot| slot.traits.role != Role::Other);
        let rules = rules.map(|slot| &*slot.entry.meaning);
        let virtual_services = assemble(rules, &self.setting, digest).virtual_services;
        let others = serving.iter().filter(|slot| slot.traits.role != Role::Rules).map(|slot| &slot.entry);
        if !self.others.entries.iter().map(Arc::as_ptr).eq(others.clone().map(Arc::as_ptr)) {
            let model = assemble(others.clone().map(|entry| &*entry.meaning), &self.setting, digest);
            self.others = Others { entries: others.map(Arc::clone).collect(), model };
        }
        Model { virtual_services, digest, ..self.others.model.clone() }
    }

    /// Every document that serves, in the order of precedence.
    fn serving(&self) -> Vec<&Slot> {
        if self.has_namesakes {
            let standing = self.standing().into_iter();
            return standing.filter(|(_, owner)| owner.is_none()).map(|(slot, _)| slot).collect();
        }
        self.files.iter().flat_map(|file| &file.slots).collect()
    }

    /// How each of the documents stands that were taken in last, and what is wrong between them. `model` is what they
    /// mean together. This takes longer than to read one change among many, and keeps no document from serving.
    #[must_use]
    pub fn status(&self, model: &Model) -> Status {
        let mut status = Status { digest: model.digest, ..Status::default() };
        let standing = self.standing();
        let mut rest = standing.iter();
        for file in &self.files {
            status.faults.extend(file.faults.iter().cloned());
            status.skipped.extend(file.skipped.iter().cloned());
            for (slot, owner) in rest.by_ref().take(file.slots.len()) {
                let standing = match owner {
                    Some(_) => Standing::Shadowed,
                    None if slot.is_closed => Standing::Closed,
                    None if slot.is_held => Standing::Held,
                    None => Standing::Serving,
                };
                status.faults.extend(owner.map(|owner| slot.entry.shadowed_by(owner)));
                let (key, place) = (slot.entry.key.clone(), slot.entry.document.place.clone());
                status.documents.push(DocumentStatus { key, place, standing });
            }
        }
        // What is closed does not say what it is written to say.
        let serving = standing.iter().filter(|(slot, owner)| owner.is_none() && !slot.is_closed);
        let serving = serving.map(|(slot, _)| &slot.entry);
        let mut owners: FxHashSet<Key> = serving.clone().map(|entry| entry.key.clone()).collect();
        let aside = self.files.iter().flat_map(|file| &file.aside);
        let aside = aside.filter(|document| owners.insert(document.key())).map(|document| &**document);
        let documents = serving.map(|entry| &*entry.document).chain(aside);
        // After everything else: these faults keep no document from serving.
        status.faults.extend(analyze(documents, model, &self.setting));
        status
    }

    /// Every document in the order of precedence, with the one of the same name that is used instead, if there is one.
    fn standing(&self) -> Vec<(&Slot, Option<&Entry>)> {
        let count = self.files.iter().map(|file| file.slots.len()).sum();
        let mut owners: FxHashMap<Hashed<'_>, &Entry> =
            FxHashMap::with_capacity_and_hasher(count, FxBuildHasher);
        let mut standing = Vec::with_capacity(count);
        for slot in self.files.iter().flat_map(|file| &file.slots) {
            let owner = match owners.entry(slot.entry.hashed()) {
                Occupied(owner) => Some(*owner.get()),
                Vacant(free) => {
                    free.insert(&slot.entry);
                    None
                }
            };
            standing.push((slot, owner));
        }
        standing
    }
}

/// Sorts documents as Istio does: the oldest first, of equal age by name and then by namespace.
///
/// Those that never were in a cluster have no age, come last as the newest, and keep their order: that of file names, then
/// of documents within a file.
fn by_age(serving: &mut [&Slot]) {
    if serving.iter().any(|slot| slot.traits.created.is_some()) {
        serving.sort_by_cached_key(age);
    }
}

fn age<'s>(slot: &&'s Slot) -> (bool, Option<(Timestamp, &'s str, &'s str)>) {
    let Key { name, namespace, .. } = &slot.entry.key;
    let age = slot.traits.created.map(|time| (time, &**name, &**namespace));
    (age.is_none(), age)
}

/// Whether files hold documents of the same names, in the same places.
fn have_same_names(before: &[Arc<File>], now: &[Arc<File>]) -> bool {
    let is_namesake = |(before, now): (&Slot, &Slot)| {
        Arc::ptr_eq(&before.entry, &now.entry) || before.entry.hashed() == now.entry.hashed()
    };
    let is_same = |(before, now): (&Arc<File>, &Arc<File>)| {
        let has_as_many = before.slots.len() == now.slots.len();
        Arc::ptr_eq(before, now) || has_as_many && before.slots.iter().zip(&now.slots).all(is_namesake)
    };
    before.len() == now.len() && before.iter().zip(now).all(is_same)
}

fn is_same(batch: &Arc<Batch>, former: Option<&Arc<File>>) -> bool {
    former.is_some_and(|former| Arc::ptr_eq(&former.batch, batch))
}

/// The good documents of a batch that are to serve in order, each with what was made of it if it was there before.
fn goods<'a>(
    batch: &'a Batch,
    former: Option<&'a Arc<File>>,
) -> impl Iterator<Item = Result<&'a Arc<Entry>, &'a Arc<Document>>> {
    let former = former.map(|former| &*former.slots).unwrap_or_default();
    let is_as_written = |slot: &&Slot| !slot.is_held && !slot.is_closed;
    let former: Vec<_> = former.iter().filter(is_as_written).map(|slot| &slot.entry).collect();
    let documents = batch.readings.iter().filter_map(|reading| match reading {
        Reading::Good { document, .. } if !document.is_for_analysis() => Some(document),
        Reading::Good { .. } | Reading::Bad { .. } | Reading::Skipped { .. } => None,
    });
    let documents: Vec<_> = documents.collect();
    // What did not change is the very document that it was.
    let kept =
        pairs(&documents, &former, |document| Arc::as_ptr(document), |entry| Arc::as_ptr(&entry.document));
    let kept: Vec<_> = kept.into_iter().map(Option::<&&_>::copied).collect();
    documents.into_iter().zip(kept).map(|(document, entry)| entry.ok_or(document))
}

/// The documents that were good at the last look, or before; of those of one name the first.
fn held(before: &[Arc<File>]) -> FxHashMap<&Key, &Slot> {
    let mut held = FxHashMap::default();
    for slot in before.iter().flat_map(|file| &file.slots).filter(|slot| !slot.is_closed) {
        held.entry(&slot.entry.key).or_insert(slot);
    }
    held
}

impl File {
    /// Takes in a file that changed; `translated` gives what its new documents mean.
    fn read(
        batch: &Arc<Batch>,
        former: Option<&Arc<Self>>,
        translated: &mut impl Iterator<Item = Translated>,
        past: &Past<'_>,
    ) -> Self {
        let (mut slots, mut aside) = (Vec::new(), Vec::new());
        let (mut skipped, mut faults) = (Vec::new(), Vec::new());
        // A document that cannot even be told apart may be any of those that the file held.
        let mut is_whole = batch.is_whole;
        let mut goods = goods(batch, former);
        for reading in &batch.readings {
            match reading {
                Reading::Good { document, .. } if document.is_for_analysis() => {
                    skipped.push((document.key().kind, document.place.clone()));
                    aside.push(Arc::clone(document));
                }
                Reading::Good { document, faults: odd } => {
                    faults.extend(odd.iter().cloned());
                    let Some(good) = goods.next() else { continue };
                    match Slot::of(good, translated, &mut faults, past) {
                        Some(slot) => {
                            aside.extend(slot.is_closed.then(|| Arc::clone(document)));
                            slots.push(slot);
                        }
                        None => aside.push(Arc::clone(document)),
                    }
                }
                Reading::Bad { key, faults: wrong, draft } => {
                    faults.extend(wrong.iter().cloned());
                    is_whole &= key.is_some();
                    let held = key.as_ref().and_then(past.held).map(Slot::hold);
                    let close = || past.close(draft.as_ref()?, wrong, &mut faults);
                    slots.extend(held.or_else(close));
                }
                Reading::Skipped { kind, place } => skipped.push((kind.clone(), place.clone())),
            }
        }
        if let Some(former) = former.filter(|_| !is_whole) {
            let seen: FxHashSet<Key> = slots.iter().map(|slot: &Slot| slot.entry.key.clone()).collect();
            let lost = former.slots.iter().filter(|slot| !seen.contains(&slot.entry.key));
            slots.extend(lost.map(Slot::hold));
        }
        Self { batch: Arc::clone(batch), slots, aside, skipped, faults }
    }
}
