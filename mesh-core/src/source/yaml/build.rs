//! The parser's events to a tree, without recursion and within the limits.

use super::{MAX_DEPTH, MAX_TEXT, MAX_VALUES, Mistake, merge::merge, scalar, short};
use crate::document::{Entry, Node, Value};
use rustc_hash::FxHashMap;
use saphyr_parser::{ScalarStyle, Tag};
use smol_str::SmolStr;
use std::borrow::Cow;

const SPLIT: &str = "split the file, or repeat less with aliases";

/// Builds one document after the other.
#[derive(Debug, Default)]
pub(super) struct Builder {
    /// The lists and mappings that are open, outermost first.
    open: Vec<Open>,
    /// The document, once it is complete.
    root: Option<Node>,
    /// What aliases of this document may name, by the parser's number for it.
    anchors: FxHashMap<usize, Anchored>,
    /// What the text holds so far, copies included.
    held: Size,
}

/// A list or mapping that is not finished.
#[derive(Debug)]
struct Open {
    line: usize,
    anchor: usize,
    content: Content,
    /// What it holds so far.
    size: Size,
    /// How deep its content is.
    height: usize,
}

#[derive(Debug)]
enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        /// The key whose value comes next.
        key: Option<Key>,
        /// What `<<` names.
        merged: Vec<Node>,
    },
}

#[derive(Debug)]
struct Key {
    text: SmolStr,
    line: usize,
    is_merge: bool,
}

/// A value that aliases may repeat.
#[derive(Debug)]
struct Anchored {
    node: Node,
    size: Size,
    height: usize,
}

/// How much a value holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub(super) values: usize,
    pub(super) text: usize,
}

impl Size {
    pub(super) fn add(&mut self, more: Size) {
        self.values = self.values.saturating_add(more.values);
        self.text = self.text.saturating_add(more.text);
    }
}

impl Builder {
    pub(super) fn start_document(&mut self) {
        self.open.clear();
        self.anchors.clear();
        self.root = None;
    }

    pub(super) fn end_document(&mut self) -> Option<Node> {
        self.root.take()
    }

    /// What all documents so far hold.
    pub(super) fn held(&self) -> Size {
        self.held
    }

    pub(super) fn scalar(
        &mut self,
        line: usize,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), Mistake> {
        let size = Size { values: 1, text: text.len() };
        self.hold(line, size)?;
        if let Some((key, mapping)) = self.awaited_key() {
            mapping.add(size);
            let is_merge = text == "<<" && style == ScalarStyle::Plain && tag.is_none();
            let name = (anchor != 0).then(|| Value::Text(SmolStr::new(&*text)));
            *key = Some(Key { text: SmolStr::new(&*text), line, is_merge });
            if let Some(value) = name {
                let node = Node { line: short(line), value };
                self.anchor(line, anchor, Anchored { node, size, height: 0 })?;
            }
            return Ok(());
        }
        // The parser places what is not written at whatever comes next: the key's line says more.
        let is_written = !text.is_empty() || style != ScalarStyle::Plain;
        let value = scalar::resolve(line, &text, style, tag)?;
        let line = if is_written { line } else { self.key_line().unwrap_or(line) };
        self.put(anchor, Anchored { node: Node { line: short(line), value }, size, height: 0 })
    }

    pub(super) fn open_list(&mut self, line: usize, anchor: usize, tag: Option<&Tag>) -> Result<(), Mistake> {
        scalar::check_collection(line, tag, "seq")?;
        self.open(line, anchor, Content::List(Vec::new()))
    }

    pub(super) fn open_map(&mut self, line: usize, anchor: usize, tag: Option<&Tag>) -> Result<(), Mistake> {
        scalar::check_collection(line, tag, "map")?;
        self.open(line, anchor, Content::Map { entries: Vec::new(), key: None, merged: Vec::new() })
    }

    /// Ends the innermost list or mapping.
    pub(super) fn close(&mut self) -> Result<(), Mistake> {
        let Some(Open { line, anchor, content, size, height }) = self.open.pop() else { return Ok(()) };
        let value = match content {
            Content::List(elements) => Value::List(elements),
            Content::Map { mut entries, merged, .. } => {
                merge(&mut entries, merged)?;
                Value::Map(entries)
            }
        };
        self.put(anchor, Anchored { node: Node { line: short(line), value }, size, height: height + 1 })
    }

    /// Repeats an anchored value.
    pub(super) fn alias(&mut self, line: usize, anchor: usize) -> Result<(), Mistake> {
        let Some(Anchored { node, size, height }) = self.anchors.get(&anchor) else {
            let is_inside = self.open.iter().any(|open| open.anchor == anchor);
            let reason =
                if is_inside { "an alias inside the value that it repeats" } else { "an alias of nothing" };
            return Err(Mistake::new(line, reason)
                .with_remedy("aliases repeat a value that is complete, in the same document"));
        };
        let (size, height) = (*size, *height);
        if self.awaits_key() {
            return Err(Mistake::new(line, "an alias as a key").with_remedy("write the key itself"));
        }
        if self.open.len() + height > MAX_DEPTH {
            return Err(super::reason::too_deep(line));
        }
        // Before the copy is made, or an alias bomb has gone off already.
        self.held.add(size);
        within_limits(self.held, line)?;
        let node = node.clone();
        self.put(0, Anchored { node, size, height })
    }

    fn open(&mut self, line: usize, anchor: usize, content: Content) -> Result<(), Mistake> {
        if self.awaits_key() {
            return Err(not_a_key(line));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(super::reason::too_deep(line));
        }
        let size = Size { values: 1, text: 0 };
        self.hold(line, size)?;
        self.open.push(Open { line, anchor, content, size, height: 0 });
        Ok(())
    }

    /// Puts a complete value where it belongs, and keeps it for aliases.
    fn put(&mut self, anchor: usize, value: Anchored) -> Result<(), Mistake> {
        let Anchored { node, size, height } = value;
        if anchor != 0 {
            self.anchor(node.line as usize, anchor, Anchored { node: node.clone(), size, height })?;
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.size.add(size);
        open.height = open.height.max(height);
        match &mut open.content {
            Content::List(elements) => elements.push(node),
            Content::Map { entries, key, merged } => match key.take() {
                Some(Key { is_merge: true, .. }) => merged.push(node),
                Some(Key { text, line, .. }) => {
                    entries.push(Entry { key: text, line: short(line), value: node })
                }
                None => return Err(not_a_key(node.line as usize)),
            },
        }
        Ok(())
    }

    fn anchor(&mut self, line: usize, anchor: usize, value: Anchored) -> Result<(), Mistake> {
        // It is a copy, and anchors can stand in one another.
        self.hold(line, value.size)?;
        self.anchors.insert(anchor, value);
        Ok(())
    }

    fn hold(&mut self, line: usize, size: Size) -> Result<(), Mistake> {
        self.held.add(size);
        within_limits(self.held, line)
    }

    /// The place of the next key, where one comes next, and the size of its mapping.
    fn awaited_key(&mut self) -> Option<(&mut Option<Key>, &mut Size)> {
        let open = self.open.last_mut()?;
        match &mut open.content {
            Content::Map { key, .. } if key.is_none() => Some((key, &mut open.size)),
            _ => None,
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }))
    }

    fn key_line(&self) -> Option<usize> {
        match &self.open.last()?.content {
            Content::Map { key, .. } => key.as_ref().map(|key| key.line),
            Content::List(_) => None,
        }
    }
}

fn within_limits(held: Size, line: usize) -> Result<(), Mistake> {
    if held.values > MAX_VALUES {
        return Err(too_many(line));
    }
    if held.text > MAX_TEXT {
        return Err(Mistake::new(line, format!("more than {MAX_TEXT} bytes of text")).with_remedy(SPLIT));
    }
    Ok(())
}

/// The mistake of a text that holds more values than can be meant.
pub(super) fn too_many(line: usize) -> Mistake {
    Mistake::new(line, format!("more than {MAX_VALUES} values")).with_remedy(SPLIT)
}

fn not_a_key(line: usize) -> Mistake {
    Mistake::new(line, "a list or mapping as a key")
        .with_remedy("keys are plain words; a template's {{ … }} goes in quotes")
}
