//! Reading written values into plain structs: every fault at once, each with its line and field path.
//!
//! The conventions are those of Istio's own decoder: field names in lowerCamelCase or snake_case, `null` for absent,
//! durations as Go writes them, numbers also as text, enums by name or number, unknown fields refused.

use super::{
    fault::{Fault, Place, Severity},
    node::{Entry, Node, Value},
    path::Path,
};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

/// Collects the faults of one object while it is read and checked.
#[derive(Debug)]
pub struct Report {
    file: Arc<str>,
    object: String,
    faults: RefCell<Vec<Fault>>,
}

impl Report {
    /// A report about one object (`Kind/name`) of a file.
    #[must_use]
    pub fn new(file: Arc<str>, object: String) -> Self {
        Self { file, object, faults: RefCell::default() }
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
        let place = Place { file: Arc::clone(&self.file), line };
        let fault = Fault { severity, remedy, object: self.object.clone(), ..Fault::error(place, reason) };
        self.faults.borrow_mut().push(Fault { path: path.to_string(), ..fault });
    }

    /// All that was noted.
    #[must_use]
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults.into_inner()
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

    /// Reads an object field by field; fields that `read` did not ask for are errors.
    pub fn object<T>(self, read: impl FnOnce(&mut Fields<'a>) -> T) -> Option<T> {
        let Value::Map(entries) = &self.node.value else {
            self.expected("a mapping");
            return None;
        };
        let taken = vec![false; entries.len()];
        let mut fields = Fields { at: self, entries, taken, known: Vec::new(), is_open: false };
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
    taken: Vec<bool>,
    known: Vec<&'static str>,
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

    /// Whether the field is written at all, even with no value.
    pub fn has(&mut self, name: &'static str) -> bool {
        self.known.push(name);
        self.entries.iter().any(|entry| is_named(&entry.key, name))
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
        self.taken[index] = true;
        Some(&self.entries[index]).filter(|entry| !entry.value.is_null())
    }

    fn refuse_unknown(&self) {
        for (entry, _) in self.entries.iter().zip(&self.taken).filter(|(_, taken)| !**taken) {
            let path = self.at.path.field(&entry.key);
            let (reason, remedy) = if self.known.iter().any(|name| is_named(&entry.key, name)) {
                ("written twice, as lowerCamelCase and as snake_case".to_owned(), "keep one".to_owned())
            } else {
                let near = self.known.iter().min_by_key(|name| distance(&entry.key, name));
                let near = near.filter(|name| distance(&entry.key, name) <= 1 + name.len() / 4);
                let remedy = near.map_or_else(
                    || format!("remove it; known here: {}", self.known.join(", ")),
                    |name| format!("did you mean {name}?"),
                );
                ("unknown field".to_owned(), remedy)
            };
            self.at.report.add(Severity::Error, entry.line, &path, reason, Some(remedy));
        }
    }
}

/// Whether a written key is the field `name`, given in lowerCamelCase: as it is, or in snake_case.
fn is_named(key: &str, name: &str) -> bool {
    if key == name {
        return true;
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

/// The edit distance of two short names, for "did you mean".
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(64).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

impl Read for String {
    fn read(at: At<'_>) -> Option<Self> {
        match &at.node.value {
            Value::Text(text) => Some(text.to_string()),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
                at.refuse_with(format!("expected text, found {}", at.node.describe()), "put it in quotes");
                None
            }
            _ => {
                at.expected("text");
                None
            }
        }
    }
}

impl Read for bool {
    fn read(at: At<'_>) -> Option<Self> {
        match at.node.value {
            Value::Bool(value) => Some(value),
            _ => {
                at.expected("true or false");
                None
            }
        }
    }
}

/// Reads a whole number within the bounds of its type; text that spells one is accepted, as in protobuf's JSON.
fn whole<T: TryFrom<i64>>(at: At<'_>) -> Option<T> {
    let number = match &at.node.value {
        Value::Int(number) => Some(*number),
        #[expect(clippy::cast_possible_truncation, reason = "the guard leaves only whole numbers within i64")]
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    };
    match number {
        None => at.expected("a whole number"),
        Some(number) => match T::try_from(number) {
            Ok(value) => return Some(value),
            Err(_) => at.refuse(format!("{number} is out of range")),
        },
    }
    None
}

impl Read for u16 {
    fn read(at: At<'_>) -> Option<Self> {
        whole(at)
    }
}

impl Read for u32 {
    fn read(at: At<'_>) -> Option<Self> {
        whole(at)
    }
}

impl Read for i32 {
    fn read(at: At<'_>) -> Option<Self> {
        whole(at)
    }
}

impl Read for u64 {
    fn read(at: At<'_>) -> Option<Self> {
        whole(at)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(at: At<'_>) -> Option<Self> {
        let Value::List(elements) = &at.node.value else {
            at.expected("a list");
            return None;
        };
        let element = |(index, node)| T::read(At { node, path: &at.path.index(index), report: at.report });
        Some(elements.iter().enumerate().filter_map(element).collect())
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(at: At<'_>) -> Option<Self> {
        let Value::Map(entries) = &at.node.value else {
            at.expected("a mapping");
            return None;
        };
        let value = |entry: &Entry| {
            let path = at.path.key(&entry.key);
            Some((entry.key.to_string(), T::read(At { node: &entry.value, path: &path, report: at.report })?))
        };
        Some(entries.iter().filter_map(value).collect())
    }
}

impl<T: Read> Read for Box<T> {
    fn read(at: At<'_>) -> Option<Self> {
        T::read(at).map(Box::new)
    }
}

impl Read for std::time::Duration {
    fn read(at: At<'_>) -> Option<Self> {
        let Some(text) = at.node.as_text() else {
            at.refuse_with(
                format!("expected a duration, found {}", at.node.describe()),
                "write a number and a unit: 100ms, 2s, 1m30s",
            );
            return None;
        };
        let duration = parse_duration(text);
        if duration.is_none() {
            at.refuse_with(
                format!("invalid duration {text:?}"),
                "write a number and a unit: 100ms, 2s, 1m30s",
            );
        }
        duration
    }
}

/// Parses a duration as Go's `time.ParseDuration` does, but for negative ones: `1h`, `1m30s`, `0.5s`, `100ms`, `0`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<std::time::Duration> {
    if text == "0" {
        return Some(std::time::Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let scale = match &rest[..unit] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number * scale;
        rest = &rest[unit..];
    }
    // Through whole nanoseconds, so that "0.1s" is 100 ms and not a float's neighbour of it.
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    let micros = (seconds * 1e6).round();
    let near = std::time::Duration::try_from_secs_f64(micros / 1e6).ok()?;
    Some(if duration.abs_diff(near).as_nanos() <= 1 { near } else { duration })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn durations_are_gos() {
        assert_eq!(parse_duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(parse_duration("0.1s"), Some(Duration::from_millis(100)));
        assert_eq!(parse_duration("100ms"), Some(Duration::from_millis(100)));
        for wrong in ["", "3", "3 s", "s", "-1s", "1d", "1.2.3s", "9999999999999999999999h"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_field_is_known_by_both_its_spellings() {
        assert!(is_named("fixedDelay", "fixedDelay"));
        assert!(is_named("fixed_delay", "fixedDelay"));
        assert!(!is_named("fixed-delay", "fixedDelay"));
        assert!(!is_named("fixeddelay", "fixedDelay"));
        assert!(!is_named("fixed_delay_", "fixedDelay"));
    }
}
