//! YAML and JSON text to located values.
//!
//! The language is YAML 1.2 with its core schema, of which JSON is a part; merge keys (`<<`) of YAML 1.1 are understood
//! too, because configuration in the wild uses them. Text is never trusted: depth, size and the growth that aliases
//! cause are bounded, and a mistake costs the documents after it, not those before.

mod build;
mod merge;
pub(super) mod pieces;
mod plain;
mod reason;
mod scalar;

use crate::document::{Fault, Node, Place};
use build::{Builder, Size};
use saphyr_parser::{Event, Parser};
use std::sync::Arc;

/// The largest text that is read, in bytes: 16 MiB.
pub const MAX_BYTES: usize = 16 << 20;

/// How deep mappings and lists may stand in one another.
const MAX_DEPTH: usize = 64;

/// How many values one text may hold once its aliases are expanded.
const MAX_VALUES: usize = 1_000_000;

/// How many bytes of text one text may hold once its aliases are expanded.
const MAX_TEXT: usize = 2 * MAX_BYTES;

/// What a text holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// Its documents, in order, as far as the text could be understood. Keys that are written twice stand twice.
    pub documents: Vec<Node>,
    /// The mistake that ended the reading; `None` when the text was understood to its end.
    pub fault: Option<Fault>,
}

/// Reads every document of a text in YAML or JSON.
///
/// `file` is the name that faults carry. Nothing but the size of `bytes` bounds the time this takes, and that is
/// bounded by [`MAX_BYTES`].
#[must_use]
pub fn parse(bytes: &[u8], file: &Arc<str>) -> Parsed {
    let mut documents = Vec::new();
    let fault = read(bytes, file, |root| documents.push(root)).err();
    Parsed { documents, fault }
}

/// Gives every document of a text to `take`.
///
/// # Errors
/// The mistake that ended the reading, after the documents before it were given.
#[expect(
    clippy::result_large_err,
    reason = "asked once a file, and the fault is a plain value everywhere else"
)]
pub(super) fn read(bytes: &[u8], file: &Arc<str>, mut take: impl FnMut(Node)) -> Result<(), Fault> {
    let text = decode(bytes).and_then(|text| check_density(text).map(|()| text));
    let built = text.and_then(|text| build(text, &mut take));
    built.map(|_| ()).map_err(|mistake| mistake.into_fault(file))
}

/// Why a text cannot be understood.
#[derive(Debug)]
struct Mistake {
    /// Counted from 1; 0 for the text as a whole.
    line: usize,
    reason: String,
    remedy: Option<&'static str>,
}

impl Mistake {
    fn new(line: usize, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into(), remedy: None }
    }

    fn with_remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }

    fn into_fault(self, file: &Arc<str>) -> Fault {
        let fault = Fault::error(Place::new(Arc::clone(file), short(self.line)), self.reason);
        match self.remedy {
            Some(remedy) => fault.with_remedy(remedy),
            None => fault,
        }
    }
}

/// A line number as nodes keep it.
pub(super) fn short(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

fn decode(bytes: &[u8]) -> Result<&str, Mistake> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large());
    }
    let line = |end: usize| 1 + bytes[..end].iter().filter(|byte| **byte == b'\n').count();
    let not_text = |end| {
        let remedy = "a document is text in UTF-8; was another file put here by mistake?";
        Mistake::new(line(end), "not text: it holds bytes that are not UTF-8").with_remedy(remedy)
    };
    let zero = memchr::memchr(0, bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| not_text(error.valid_up_to()))?;
    // The parser takes a zero byte for the end of the text, and would pass over what follows without a word.
    zero.map_or(Ok(text.strip_prefix('\u{feff}').unwrap_or(text)), |zero| {
        let remedy = "a document is text in UTF-8; was another file put here by mistake?";
        Err(Mistake::new(line(zero), "not text: it holds a zero byte").with_remedy(remedy))
    })
}

fn too_large() -> Mistake {
    let reason = format!("larger than {} MiB", MAX_BYTES >> 20);
    Mistake::new(0, reason).with_remedy("split it into several files")
}

/// The fault of a text that is larger than [`MAX_BYTES`], for those who need not read it to know.
pub(super) fn oversized(file: &Arc<str>) -> Fault {
    too_large().into_fault(file)
}

/// Refuses text that must hold too many values, for the parser takes a whole `[…]` apart before it says a word of it.
fn check_density(text: &str) -> Result<(), Mistake> {
    let marks = text.bytes().filter(|byte| is_mark(*byte)).count();
    if marks > 3 * MAX_VALUES { Err(build::too_many(0)) } else { Ok(()) }
}

/// Whether a byte may begin a value.
fn is_mark(byte: u8) -> bool {
    matches!(byte, b'[' | b'{' | b',' | b':')
}

/// Gives the documents of a text to `take`, as far as they can be understood, and what all of them hold.
fn build(text: &str, take: &mut impl FnMut(Node)) -> Result<Size, Mistake> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| reason::of(&error, text))?;
        let line = span.start.line();
        match event {
            Event::DocumentStart(_) => builder.start_document(),
            Event::DocumentEnd => builder.end_document().into_iter().for_each(&mut *take),
            Event::Scalar(text, style, anchor, tag) => {
                builder.scalar(line, text, style, anchor, tag.as_deref())?;
            }
            Event::SequenceStart(anchor, tag) => builder.open_list(line, anchor, tag.as_deref())?,
            Event::MappingStart(anchor, tag) => builder.open_map(line, anchor, tag.as_deref())?,
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            Event::Alias(anchor) => builder.alias(line, anchor)?,
            Event::StreamStart | Event::StreamEnd | Event::Nothing => {}
        }
    }
    Ok(builder.held())
}
