//! Where something is written. What is written may move: a document stays the same when lines are inserted before it.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

/// A line of a file.
///
/// The place of a document that moves within its file moves along, and so gives the line of the newest reading. Places
/// are equal when they give the same line of the same file.
#[derive(Clone, Debug)]
pub struct Place {
    origin: Origin,
    /// Counted from the origin; 0 for the file as a whole.
    line: u32,
}

/// What lines are counted from: the beginning of a file, or of a part of it that may move.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    file: Arc<str>,
    /// How many lines come before the part; `None` for a file, which has nothing before it.
    before: Option<Arc<AtomicU32>>,
}

impl Place {
    /// The line of this number, counted from 1; 0 stands for the file as a whole.
    #[must_use]
    pub fn new(file: impl Into<Arc<str>>, line: u32) -> Self {
        Origin::of(file.into()).line(line)
    }

    /// The file, as the user named it.
    #[must_use]
    pub fn file(&self) -> &Arc<str> {
        &self.origin.file
    }

    /// The line, counted from 1; 0 for the file as a whole.
    #[must_use]
    pub fn line(&self) -> u32 {
        match self.line {
            0 => 0,
            line => self.origin.before().saturating_add(line),
        }
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The line, counted from the origin.
    pub(crate) fn within(&self) -> u32 {
        self.line
    }
}

impl Origin {
    /// The beginning of a file.
    pub(crate) fn of(file: Arc<str>) -> Self {
        Self { file, before: None }
    }

    /// The beginning of a part of a file, which so many lines come before now.
    pub(crate) fn after(file: Arc<str>, before: u32) -> Self {
        Self { file, before: Some(Arc::new(AtomicU32::new(before))) }
    }

    /// The line that is this one when counted from here.
    pub(crate) fn line(&self, line: u32) -> Place {
        Place { origin: self.clone(), line }
    }

    pub(crate) fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// How many lines come before.
    pub(crate) fn before(&self) -> u32 {
        self.before.as_ref().map_or(0, |before| before.load(Relaxed))
    }

    /// How many lines come before, for those who ask again when it may have moved; `None` where it cannot move.
    pub(crate) fn moving(&self) -> Option<&Arc<AtomicU32>> {
        self.before.as_ref()
    }

    /// So many lines come before now; for a part of a file.
    pub(crate) fn move_to(&self, before: u32) {
        // Most stay: these are not written, for writing costs every other processor its copy.
        if let Some(own) = self.before.as_ref().filter(|own| own.load(Relaxed) != before) {
            own.store(before, Relaxed);
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line() {
            0 => f.write_str(self.file()),
            line => write!(f, "{}:{line}", self.file()),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut place = serializer.serialize_struct("Place", 2)?;
        place.serialize_field("file", self.file())?;
        place.serialize_field("line", &self.line())?;
        place.end()
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.file(), self.line()).cmp(&(other.file(), other.line()))
    }
}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.file(), self.line()).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_moves_with_what_its_line_is_counted_from() {
        let part = Origin::after("shop.yaml".into(), 10);
        let (whole, second) = (part.line(0), part.line(2));
        assert_eq!([second.to_string(), whole.to_string()], ["shop.yaml:12", "shop.yaml"]);
        assert_eq!(second, Place::new("shop.yaml", 12));

        part.move_to(11);
        assert_eq!([second.to_string(), whole.to_string()], ["shop.yaml:13", "shop.yaml"]);
        assert!(second > Place::new("shop.yaml", 12) && second < Place::new("shop.yaml", 14));
    }
}
