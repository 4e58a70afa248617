//! A document that serves, and what every look at all documents asks of it.

use crate::{
    dialect::{Meaning, Setting, close, translate},
    document::{Document, Fault, Key, Severity, Timestamp},
};
use rustc_hash::FxBuildHasher;
use std::{
    hash::{BuildHasher, Hash, Hasher},
    sync::Arc,
};

/// One document that serves.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) entry: Arc<Entry>,
    pub(super) is_held: bool,
    /// Whether the entry stands for a document that never was right.
    pub(super) is_closed: bool,
    /// The entry's.
    pub(super) traits: Traits,
}

/// A good document, and what was made of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) document: Arc<Document>,
    pub(super) meaning: Arc<Meaning>,
    /// What is odd about its values.
    pub(super) faults: Vec<Fault>,
    pub(super) traits: Traits,
}

/// What every look at all documents asks of each, kept with the slots so that it need not look further.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// A hash of the key.
    pub(super) hash: u64,
    pub(super) created: Option<Timestamp>,
    pub(super) role: Role,
}

/// What depends on a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It routes requests: nothing but other rules depends on it.
    Rules,
    /// Rules depend on it, and everything else: it says who sees those that do not say it themselves.
    Mesh,
    /// No rules depend on it.
    Other,
}

/// The key of a document, of which the hash is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hashed<'e> {
    pub(super) hash: u64,
    pub(super) key: &'e Key,
}

impl Hash for Hashed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// What stands for documents that are wrong.
pub(super) struct Past<'a> {
    pub(super) setting: &'a Setting,
    /// The last good version of one.
    pub(super) held: &'a dyn Fn(&Key) -> Option<&'a Slot>,
}

impl Past<'_> {
    /// What stands for one that guards workloads and has no good version. That it does is a fault, too.
    pub(super) fn close(
        &self,
        document: &Arc<Document>,
        wrong: &[Fault],
        faults: &mut Vec<Fault>,
    ) -> Option<Slot> {
        let (meaning, fault) = close(document, wrong, self.setting)?;
        faults.push(fault);
        Some(Slot::close(Arc::new(Entry::new(Arc::clone(document), meaning, Vec::new()))))
    }
}

/// What translating a document gave: what it means, or why it is wrong.
pub(super) type Translated = Result<Arc<Entry>, Vec<Fault>>;

/// Understands a document that is new.
pub(super) fn understand(document: &Arc<Document>, setting: &Setting) -> Translated {
    match translate(document, setting) {
        (Some(meaning), odd) => Ok(Arc::new(Entry::new(Arc::clone(document), meaning, odd))),
        (None, wrong) => Err(wrong),
    }
}

impl Slot {
    /// What serves for a good document: itself, or what stands for it when its values are wrong: its last good version, or
    /// nothing that lets anybody pass.
    pub(super) fn of(
        good: Result<&Arc<Entry>, &Arc<Document>>,
        translated: &mut impl Iterator<Item = Translated>,
        faults: &mut Vec<Fault>,
        past: &Past<'_>,
    ) -> Option<Self> {
        let (document, understood) = match good {
            Ok(entry) => (&entry.document, Ok(Arc::clone(entry))),
            Err(document) => (document, translated.next()?),
        };
        match understood {
            Ok(entry) => {
                faults.extend(entry.faults.iter().cloned());
                Some(Self::new(entry))
            }
            Err(wrong) => {
                faults.extend(wrong.iter().cloned());
                let held = (past.held)(&document.key()).map(Self::hold);
                held.or_else(|| past.close(document, &wrong, faults))
            }
        }
    }

    pub(super) fn new(entry: Arc<Entry>) -> Self {
        let traits = entry.traits;
        Self { entry, is_held: false, is_closed: false, traits }
    }

    pub(super) fn close(entry: Arc<Entry>) -> Self {
        Self { is_closed: true, ..Self::new(entry) }
    }

    pub(super) fn hold(&self) -> Self {
        Self { is_held: true, ..self.clone() }
    }
}

impl Entry {
    pub(super) fn new(document: Arc<Document>, meaning: Meaning, faults: Vec<Fault>) -> Self {
        let key = document.key();
        let role = match meaning {
            Meaning::VirtualService(_) | Meaning::Root(_) | Meaning::Delegate(_) => Role::Rules,
            Meaning::Mesh(_) => Role::Mesh,
            _ => Role::Other,
        };
        let traits = Traits { hash: FxBuildHasher.hash_one(&key), created: document.metadata.created, role };
        Self { key, document, meaning: Arc::new(meaning), faults, traits }
    }

    pub(super) fn hashed(&self) -> Hashed<'_> {
        Hashed { hash: self.traits.hash, key: &self.key }
    }

    pub(super) fn shadowed_by(&self, owner: &Self) -> Fault {
        let reason = format!("is also written at {}, which is used instead", owner.document.place);
        let fault = Fault::error(self.document.place.clone(), reason).with_remedy("remove one of the two");
        Fault { severity: Severity::Warning, object: self.key.to_string(), ..fault }
    }
}
