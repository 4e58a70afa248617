//! The bytes of one file, whole.

use super::{super::yaml::MAX_BYTES, survey::Stamp};
use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
};

/// How often a file that changes while it is read is read again.
const ATTEMPTS: usize = 8;

/// What reading a file gave.
#[derive(Debug)]
pub(super) enum Content {
    /// All of it, unchanged from the first byte to the last.
    Bytes(Vec<u8>),
    /// It changed every time it was read.
    Unsteady,
    /// More than [`MAX_BYTES`], of which none was read.
    TooLarge,
    /// It is not there any more.
    Gone,
    /// It cannot be read.
    Failed(ErrorKind),
}

/// Reads a file, with the stamp that belongs to what was read, or with `stamp` where nothing was.
pub(super) fn read(path: &Path, stamp: Stamp) -> (Content, Stamp) {
    for _ in 0..ATTEMPTS {
        match attempt(path) {
            Ok(Some(read)) => return read,
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return (Content::Gone, stamp),
            Err(error) => return (Content::Failed(error.kind()), stamp),
        }
    }
    (Content::Unsteady, stamp)
}

/// Reads a file once; `None` when it changed meanwhile.
fn attempt(path: &Path) -> io::Result<Option<(Content, Stamp)>> {
    let mut file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    if stamp.len > MAX_BYTES as u64 {
        return Ok(Some((Content::TooLarge, stamp)));
    }
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    // The path is asked as well as the file: a rename puts another one in its place and leaves this as it was.
    let is_steady = stamp == Stamp::of(&file.metadata()?)
        && stamp == Stamp::of(&std::fs::metadata(path)?)
        && stamp.len == bytes.len() as u64;
    Ok(is_steady.then_some((Content::Bytes(bytes), stamp)))
}
