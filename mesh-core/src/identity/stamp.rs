//! Whether a file is the one it was.

use std::{fs, path::Path, time::SystemTime};

/// A file's date, its length, and which file it is: one of the same date and length may have taken its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileStamp {
    modified: SystemTime,
    length: u64,
    inode: [i128; 4],
}

/// The stamp of what a path leads to now, through links; none when that is nothing.
pub(super) fn stamp(path: &Path) -> Option<FileStamp> {
    let metadata = fs::metadata(path).ok()?;
    let inode = inode(&metadata);
    Some(FileStamp { modified: metadata.modified().ok()?, length: metadata.len(), inode })
}

/// Device, inode, and the time of the inode's last change.
#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> [i128; 4] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev().into(), metadata.ino().into(), metadata.ctime().into(), metadata.ctime_nsec().into()]
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> [i128; 4] {
    [0; 4]
}
