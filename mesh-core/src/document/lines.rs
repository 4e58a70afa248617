//! The line of every field of a document, kept after the written values are gone, at twelve bytes a field.

use super::{
    node::{Node, Value},
    object::Document,
    path::Path,
    place::Place,
};

/// Lists longer than this are looked up, not searched from their beginning: each rule of a thousand asks for its line.
const FEW: usize = 16;

/// Finds the line of a field by its path, counted from the first line of the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    rows: Box<[Row]>,
    /// The rows of long lists, in ascending order, each with the rows of its elements.
    lists: Box<[(u32, Box<[u32]>)]>,
}

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
        let mut table = Table::default();
        table.append(0, 0, root);
        let Table { mut rows, lists } = table;
        // Wrapped: what an alias repeats may stand above the root, and adding it again gives its line.
        rows.iter_mut().skip(1).for_each(|row| row.below = row.below.wrapping_sub(root.line));
        let lists = lists.into_iter().map(|(list, elements)| (list, elements.into())).collect();
        Self { rows: rows.into(), lists }
    }

    /// How many lines below the document's first the value at `path` is, or the nearest thing around it that was written;
    /// to be added with wrap-around.
    fn find(&self, path: &Path<'_>) -> u32 {
        self.rows.get(self.row(path).unwrap_or_else(|nearest| nearest)).map_or(0, |row| row.below)
    }

    fn row(&self, path: &Path<'_>) -> Result<usize, usize> {
        let (parent, step) = match path {
            Path::Root => return Ok(0),
            Path::Field(parent, name) | Path::Key(parent, name) => (parent, hash(name)),
            Path::Index(parent, index) => (parent, short(*index)),
        };
        let parent = self.row(parent)?;
        if let Ok(list) = self.lists.binary_search_by_key(&short(parent), |(list, _)| *list) {
            // A field of a list is nowhere, and its hash is no place in it, or one that nobody asks for.
            return self.lists[list].1.get(step as usize).map_or(Err(parent), |row| Ok(*row as usize));
        }
        let end = parent + self.rows.get(parent).map_or(0, |row| row.rows as usize);
        let mut at = parent + 1;
        while at < end {
            if self.rows[at].step == step {
                return Ok(at);
            }
            at += self.rows[at].rows as usize;
        }
        Err(parent)
    }
}

/// The table while it grows.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    lists: Vec<(u32, Vec<u32>)>,
}

impl Table {
    fn append(&mut self, step: u32, below: u32, node: &Node) {
        let at = self.rows.len();
        self.rows.push(Row { step, below, rows: 1 });
        match &node.value {
            Value::List(elements) => {
                let list = (elements.len() > FEW).then_some(self.lists.len());
                self.lists.extend(list.map(|_| (short(at), Vec::with_capacity(elements.len()))));
                for (index, element) in (0..).zip(elements) {
                    if let Some(list) = list {
                        self.lists[list].1.push(short(self.rows.len()));
                    }
                    self.append(index, element.line, element);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.append(hash(&entry.key), entry.line, &entry.value);
                }
            }
            _ => {}
        }
        self.rows[at].rows = short(self.rows.len() - at);
    }
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// FNV-1a over the letters alone, so that both spellings of a field are one.
fn hash(name: &str) -> u32 {
    let letters = name.bytes().filter(|b| *b != b'_').map(|b| b.to_ascii_lowercase());
    letters.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::{super::node::Entry, *};

    fn map<const N: usize>(entries: [(&str, Node); N]) -> Value {
        let entry = |(key, value): (&str, Node)| Entry { key: key.into(), line: value.line, value };
        Value::Map(entries.into_iter().map(entry).collect())
    }

    #[test]
    fn every_element_of_a_list_is_found_however_long_it_is() {
        for count in [1, FEW, FEW + 1, 100] {
            let node = |line, value| Node { line, value };
            let element = |index: usize| {
                let line = 3 + 2 * short(index);
                let list = node(line + 1, Value::List(vec![node(line + 1, Value::Null)]));
                node(line, map([("name", node(line, Value::Null)), ("list", list)]))
            };
            let http = node(2, Value::List((0..count).map(element).collect()));
            let lines = Lines::of(&node(1, map([("spec", node(1, map([("http", http)])))])));
            let spec = Path::Root.field("spec");
            let http = spec.field("http");
            for index in 0..count {
                let element = http.index(index);
                let below = 2 + 2 * short(index);
                assert_eq!(lines.find(&element), below);
                assert_eq!(lines.find(&element.field("list").index(0)), below + 1);
            }
            // What is not there is where its list is.
            assert_eq!(lines.find(&http.index(count).field("name")), 1);
        }
    }
}
