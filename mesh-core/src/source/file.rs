//! Documents from files and folders.
/// Documents from files and folders.
#[derive(Debug)]
pub struct FileSource;
