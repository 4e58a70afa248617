//! The line of every field of a document, kept after the written values are gone, at twelve bytes a field.

use super::{
    node::{Node, Value},
    object::Document,
    path::Path,
    place::Place,
};

/// Finds the line of a field by its path, counted from the first line of the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(Box<[Row]>);

/// One value, followed in the table by everything inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    /// The key's hash, or the index in a list.
    step: u32,
    /// How many lines it is below the first. Not the line itself, which another reading may count from elsewhere.
    below: u32,
    /// How many rows this value takes, itself included.
    rows: u32,
}

impl Document {
    /// The place of the value at `path`, or of the nearest thing around it that was written.
    #[must_use]
    pub fn place_of(&self, path: &Path<'_>) -> Place {
        self.place.origin().line(self.place.within().wrapping_add(self.lines.find(path)))
    }
}

impl Lines {
    /// The lines of everything in `root`.
    #[must_use]
    pub fn of(root: &Node) -> Self {
        let mut rows = Vec::new();
        append(&mut rows, 0, 0, root);
        // Wrapped: what an alias repeats may stand above the root, and adding it again gives its line.
        rows.iter_mut().skip(1).for_each(|row| row.below = row.below.wrapping_sub(root.line));
        Self(rows.into())
    }

    /// How many lines below the document's first the value at `path` is, or the nearest thing around it that was written;
    /// to be added with wrap-around.
    fn find(&self, path: &Path<'_>) -> u32 {
        self.0.get(self.row(path).unwrap_or_else(|nearest| nearest)).map_or(0, |row| row.below)
    }

    fn row(&self, path: &Path<'_>) -> Result<usize, usize> {
        let (parent, step) = match path {
            Path::Root => return Ok(0),
            Path::Field(parent, name) | Path::Key(parent, name) => (parent, hash(name)),
            Path::Index(parent, index) => (parent, u32::try_from(*index).unwrap_or(u32::MAX)),
        };
        let parent = self.row(parent)?;
        let end = parent + self.0.get(parent).map_or(0, |row| row.rows as usize);
        let mut at = parent + 1;
        while at < end {
            if self.0[at].step == step {
                return Ok(at);
            }
            at += self.0[at].rows as usize;
        }
        Err(parent)
    }
}

fn append(rows: &mut Vec<Row>, step: u32, below: u32, node: &Node) {
    let at = rows.len();
    rows.push(Row { step, below, rows: 1 });
    match &node.value {
        Value::List(elements) => {
            for (index, element) in (0..).zip(elements) {
                append(rows, index, element.line, element);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                append(rows, hash(&entry.key), entry.line, &entry.value);
            }
        }
        _ => {}
    }
    rows[at].rows = u32::try_from(rows.len() - at).unwrap_or(u32::MAX);
}

/// FNV-1a over the letters alone, so that both spellings of a field are one.
fn hash(name: &str) -> u32 {
    let letters = name.bytes().filter(|b| *b != b'_').map(|b| b.to_ascii_lowercase());
    letters.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
