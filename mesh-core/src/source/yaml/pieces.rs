//! A text in pieces that can be read one by one, in any order.
//!
//! `---` at the beginning of a line is a document marker wherever it stands: within quotes, brackets and block scalars
//! too, where it ends the document or is a mistake. So a text is cut before every such line. What a document could have
//! to do with those before it (directives, an end that is not written, a mistake) shows in its piece, and then the
//! text is read as one.

use super::{MAX_TEXT, MAX_VALUES, build, is_mark, plain};
use crate::document::{Node, Value};
use memchr::{memchr, memchr_iter, memmem};

/// What pieces hold, so that the bounds on a whole text can be kept without reading it as one.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::source) struct Extent {
    marks: usize,
    values: usize,
    text: usize,
}

impl Extent {
    /// Both together.
    pub(in crate::source) fn and(self, other: Self) -> Self {
        let Self { marks, values, text } = other;
        Self { marks: self.marks + marks, values: self.values + values, text: self.text + text }
    }

    /// Whether one text may hold so much.
    pub(in crate::source) fn is_allowed(self) -> bool {
        self.marks <= 3 * MAX_VALUES && self.values <= MAX_VALUES && self.text <= MAX_TEXT
    }
}

/// The pieces of a text, in order. Together they are the text; only the last can be empty.
pub(in crate::source) fn cut(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_marker = |at: &usize| matches!(bytes.get(at + 4), None | Some(b' ' | b'\t' | b'\r' | b'\n'));
    let cuts = memmem::find_iter(bytes, b"\n---").filter(is_marker).map(|at| at + 1);
    let mut start = 0;
    cuts.chain([bytes.len()]).map(move |end| &bytes[std::mem::replace(&mut start, end)..end])
}

/// How many lines end in a piece.
pub(in crate::source) fn lines(piece: &[u8]) -> usize {
    memchr_iter(b'\n', piece).count()
}

/// Gives the documents of a piece to `take`, with lines counted from its first; `None` when it must be read with all the
/// text, perhaps after some documents were given.
pub(in crate::source) fn read(piece: &[u8], mut take: impl FnMut(Node)) -> Option<Extent> {
    if !stands_alone(piece) {
        return None;
    }
    let text = std::str::from_utf8(piece).ok()?;
    let marks = piece.iter().filter(|byte| is_mark(**byte)).count();
    if let Some((root, size)) = plain::read(text) {
        take(root);
        return Some(Extent { marks, values: size.values, text: size.text });
    }
    let mut is_usual = true;
    let size = build(text, &mut |root| {
        // A text alone is no document of anybody's, and where it ends depends on more than its own lines.
        is_usual &= matches!(root.value, Value::Map(_) | Value::List(_) | Value::Null);
        take(root);
    });
    let size = size.ok().filter(|_| is_usual)?;
    Some(Extent { marks, values: size.values, text: size.text })
}

/// Whether a piece has nothing by which it could depend on its neighbours, or they on it, but for mistakes.
fn stands_alone(piece: &[u8]) -> bool {
    let begins_with = |start: &[u8]| piece.starts_with(start);
    let has_line = |start: &[u8]| memmem::find(piece, start).is_some();
    // Directives, ends of documents, and what is no text.
    let is_odd = begins_with(b"%") || has_line(b"\n%") || begins_with(b"...") || has_line(b"\n...");
    // A lone carriage return ends a line too.
    let has_odd_break = || memchr_iter(b'\r', piece).any(|at| piece.get(at + 1) != Some(&b'\n'));
    let has_order_mark = || memmem::find(piece, "\u{feff}".as_bytes()).is_some();
    !is_odd && memchr(0, piece).is_none() && !has_odd_break() && !has_order_mark()
}
