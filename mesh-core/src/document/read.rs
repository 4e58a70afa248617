//! Reading written values into plain structs: every fault at once, each with its line and field path.
//!
//! The conventions are those of Istio's own decoder: field names in lowerCamelCase or snake_case, `null` for absent,
//! durations as Go writes them, numbers also as text, enums by name or number, unknown fields refused.

use super::{
    asked::{Known, Taken},
    fault::{Fault, Severity},
    node::{Entry, Node, Value},
    path::Path,
    place::Origin,
};
use rustc_hash::FxHashMap;
use std::{cell::RefCell, sync::Arc};

/// Mappings up to this long are searched key by key: that is faster than hashing them.
const FEW: usize = 16;

/// Collects the faults of one object while it is read and checked.
#[derive(Debug)]
pub struct Report {
    origin: Origin,
    object: String,
    faults: RefCell<Vec<Fault>>,
}

impl Report {
    /// A report about one object (`Kind/name`) of a file.
    #[must_use]
    pub fn new(file: Arc<str>, object: String) -> Self {
        Self::of(Origin::of(file), object)
    }

    /// A report about one object of which the lines are counted from `origin`.
    pub(crate) fn of(origin: Origin, object: String) -> Self {
        Self { origin, object, faults: RefCell::default() }
    }

    /// Notes a fault of this object.
    pub fn add(
        &self,
        severity: Severity,
        line: u32,
        path: &Path<'_>,
        reason: String,
        remedy: Option<String>,
    ) {
        let place = self.origin.line(line);
        let fault = Fault { severity, remedy, object: self.object.clone(), ..Fault::error(place, reason) };
        self.faults.borrow_mut().push(Fault { path: path.to_string(), ..fault });
    }

    /// Notes a fault that is complete already.
    pub(crate) fn note(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    /// All that was noted, from the first line to the last.
    #[must_use]
    pub fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.place.line());
        faults
    }
}

/// A value that can be read from a document.
pub trait Read: Sized {
    /// Reads the value at this place; `None` when it cannot, after noting why.
    fn read(at: At<'_>) -> Option<Self>;
}

/// One place of a document being read: the value, its path, and where to complain.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// What is written here.
    pub node: &'a Node,
    /// The path to here.
    pub path: &'a Path<'a>,
    /// Where faults go.
    pub report: &'a Report,
}

impl<'a> At<'a> {
    /// Notes an error here.
    pub fn refuse(&self, reason: impl Into<String>) {
        self.report.add(Severity::Error, self.node.line, self.path, reason.into(), None);
    }

    /// Notes an error here, with what to do about it.
    pub fn refuse_with(&self, reason: impl Into<String>, remedy: impl Into<String>) {
        self.report.add(Severity::Error, self.node.line, self.path, reason.into(), Some(remedy.into()));
    }

    /// Notes a warning here.
    pub fn warn(&self, reason: impl Into<String>) {
        self.report.add(Severity::Warning, self.node.line, self.path, reason.into(), None);
    }

    /// Says that something else was expected here.
    pub fn expected(&self, what: &str) {
        self.refuse(format!("expected {what}, found {}", self.node.describe()));
    }

    /// Refuses a number where a mapping with the one field `name` wraps it, and shows how to write that.
    pub(super) fn mapping_of(&self, name: &str) -> Option<()> {
        let number = match &self.node.value {
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => return Some(()),
        };
        self.refuse_with("expected a mapping, found a number", format!("write {{{name}: {number}}}"));
        None
    }

    /// Refuses keys that are written twice in one mapping, here and in everything inside.
    ///
    /// Reading takes the first of them, so this is to be asked once for each document.
    pub fn refuse_twins(&self) {
        match &self.node.value {
            Value::List(elements) => {
                for (index, node) in elements.iter().enumerate() {
                    At { node, path: &self.path.index(index), report: self.report }.refuse_twins();
                }
            }
            Value::Map(entries) => {
                let mut lines: FxHashMap<&str, u32> = FxHashMap::default();
                for (index, entry) in entries.iter().enumerate() {
                    let twin = if entries.len() <= FEW {
                        entries[..index].iter().rfind(|other| other.key == entry.key).map(|other| other.line)
                    } else {
                        lines.insert(&entry.key, entry.line)
                    };
                    let path = self.path.field(&entry.key);
                    if let Some(first) = twin {
                        let first = self.report.origin.line(first).line();
                        let reason = format!("written twice: on line {first} too");
                        let remedy = Some("keep one".to_owned());
                        self.report.add(Severity::Error, entry.line, &path, reason, remedy);
                    }
                    At { node: &entry.value, path: &path, report: self.report }.refuse_twins();
                }
            }
            _ => {}
        }
    }

    /// Reads an object field by field; fields that `read` did not ask for are errors.
    pub fn object<T>(self, read: impl FnOnce(&mut Fields<'a>) -> T) -> Option<T> {
        let Value::Map(entries) = &self.node.value else {
            self.expected("a mapping");
            return None;
        };
        let mut fields =
            Fields { at: self, entries, taken: Taken::default(), known: Known::default(), is_open: false };
        let object = read(&mut fields);
        if !fields.is_open {
            fields.refuse_unknown();
        }
        Some(object)
    }

    /// Reads a name, or its number, out of a closed set; the comparison is exact, as Istio's is.
    pub fn choice<T: Copy>(&self, choices: &[(&str, i64, T)]) -> Option<T> {
        let found = match &self.node.value {
            Value::Text(text) => choices.iter().find(|(name, ..)| *name == &**text),
            Value::Int(number) => choices.iter().find(|(_, n, _)| n == number),
            _ => None,
        };
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, ..)| *name).collect();
            match &self.node.value {
                Value::Text(text) => {
                    self.refuse_with(
                        format!("unknown value {text:?}"),
                        format!("use one of {}", names.join(", ")),
                    );
                }
                _ => self.expected(&format!("one of {}", names.join(", "))),
            }
        }
        found.map(|(.., value)| *value)
    }
}

/// The fields of one object; see [`At::object`].
#[derive(Debug)]
pub struct Fields<'a> {
    at: At<'a>,
    entries: &'a [Entry],
    taken: Taken,
    known: Known,
    is_open: bool,
}

impl<'a> Fields<'a> {
    /// The place of the object itself.
    #[must_use]
    pub fn here(&self) -> At<'a> {
        self.at
    }

    /// Reads a field by its lowerCamelCase name, or gives its default when absent, null or faulty.
    pub fn take<T: Read + Default>(&mut self, name: &'static str) -> T {
        self.maybe(name).unwrap_or_default()
    }

    /// Reads a field that may be absent or null.
    pub fn maybe<T: Read>(&mut self, name: &'static str) -> Option<T> {
        let entry = self.entry(name)?;
        let path = self.at.path.field(name);
        T::read(At { node: &entry.value, path: &path, report: self.at.report })
    }

    /// Whether the field is written, with a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| is_named(&entry.key, name) && !entry.value.is_null())
    }

    /// Whether the field is written, perhaps with no value.
    #[must_use]
    pub fn is_written(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| is_named(&entry.key, name))
    }

    /// Refuses more than one of these fields.
    pub fn exclusive(&self, names: &[&str]) {
        if names.iter().filter(|name| self.has(name)).count() > 1 {
            let reason = format!("{} exclude one another", names.join(", "));
            self.here().refuse_with(reason, "keep one");
        }
    }

    /// Notes that a field is missing, unless one that is written was meant for it and is a fault already.
    pub fn require(&self, name: &str, remedy: &str) {
        let mut unknown = self.entries.iter().enumerate().filter(|(index, _)| !self.taken.has(*index));
        let is_meant = |key: &str| nearest(key, self.known.iter()) == Some(name);
        if !self.is_open && unknown.any(|(_, entry)| is_meant(&entry.key)) {
            return;
        }
        self.here().refuse_with(format!("{name} is missing"), remedy);
    }

    /// Accepts a field of an older dialect that has no effect any more, with a warning.
    pub fn obsolete(&mut self, name: &'static str, instead: &str) {
        if let Some(entry) = self.entry(name) {
            let path = self.at.path.field(name);
            let remedy = Some(format!("use {instead}"));
            let reason = "has no effect: it belongs to an older Istio".to_owned();
            self.at.report.add(Severity::Warning, entry.line, &path, reason, remedy);
        }
    }

    /// Accepts any field: this object belongs to somebody else, who may add to it.
    pub fn ignore_unknown(&mut self) {
        self.is_open = true;
    }

    /// Accepts a field without looking at it: one that the mesh has no use for.
    pub fn ignore(&mut self, name: &'static str) {
        self.entry(name);
    }

    fn entry(&mut self, name: &'static str) -> Option<&'a Entry> {
        self.known.push(name);
        let index = self.entries.iter().position(|entry| is_named(&entry.key, name))?;
        self.taken.insert(index);
        Some(&self.entries[index]).filter(|entry| !entry.value.is_null())
    }

    fn refuse_unknown(&self) {
        for (index, entry) in self.entries.iter().enumerate().filter(|(index, _)| !self.taken.has(*index)) {
            // The second of two equal keys is a fault of its own, and has been noted.
            if self.entries[..index].iter().any(|earlier| earlier.key == entry.key) {
                continue;
            }
            let path = self.at.path.field(&entry.key);
            let is_known = self.known.iter().any(|name| is_named(&entry.key, name));
            let (reason, remedy) = if is_known {
                ("written twice, as lowerCamelCase and as snake_case", "keep one".to_owned())
            } else {
                ("unknown field", self.suggest(&entry.key))
            };
            self.at.report.add(Severity::Error, entry.line, &path, reason.to_owned(), Some(remedy));
        }
    }

    fn suggest(&self, key: &str) -> String {
        match nearest(key, self.known.iter()) {
            Some(name) => format!("did you mean {name}?"),
            None => {
                let known: Vec<_> = self.known.iter().collect();
                format!("remove it; known here: {}", known.join(", "))
            }
        }
    }
}

/// Whether a written key is the field `name`, given in lowerCamelCase: as it is, or in snake_case.
fn is_named(key: &str, name: &str) -> bool {
    // Most questions end here: an underscore more for every capital, or it is another name.
    if key.len() <= name.len() || key.as_bytes().first() != name.as_bytes().first() {
        return key == name;
    }
    let mut written = key.chars();
    let matches = name.chars().all(|c| {
        if c.is_ascii_uppercase() {
            written.next() == Some('_') && written.next() == Some(c.to_ascii_lowercase())
        } else {
            written.next() == Some(c)
        }
    });
    matches && written.next().is_none()
}

/// The name among `names` that `written` was probably meant to be.
pub(super) fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = names.map(|name| (distance(written, name), name)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, name)| *distance <= 1 + name.len() / 4).map(|(_, name)| name)
}

/// How many letters must change to make one name of the other; case, `_` and `-` do not count.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let letters = |name: &str| -> Vec<char> {
        // The time is the product of the lengths, and no name is this long.
        let letters = name.chars().filter(|c| !matches!(c, '_' | '-')).take(80);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_known_by_both_its_spellings() {
        assert!(is_named("fixedDelay", "fixedDelay"));
        assert!(is_named("fixed_delay", "fixedDelay"));
        assert!(!is_named("fixed-delay", "fixedDelay"));
        assert!(!is_named("fixeddelay", "fixedDelay"));
        assert!(!is_named("fixed_delay_", "fixedDelay"));
        assert!(is_named("a", "a") && is_named("", "") && !is_named("a", "") && !is_named("", "a"));
    }
}
