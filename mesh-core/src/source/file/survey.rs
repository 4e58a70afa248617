//! What can be seen of files and folders without reading a byte.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ffi::{OsStr, OsString},
    fs::{self, Metadata},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// How many symbolic links one path may lead through.
const MAX_LINKS: usize = 40;

/// The files there are, in order, and the folders in which their changes show.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    pub(super) files: Vec<Found>,
    pub(super) folders: BTreeMap<PathBuf, Interest>,
}

/// Which names in a folder matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    /// All of them.
    All,
    /// These.
    Names(BTreeSet<OsString>),
}

/// A file, by the path on which it was found first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) state: State,
}

/// What is known of a file, or why it is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Seen(Stamp),
    Failed(ErrorKind),
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) len: u64,
    modified: Option<SystemTime>,
    /// Device, inode, and the time of the inode's last change.
    inode: [i128; 4],
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { len: metadata.len(), modified: metadata.modified().ok(), inode: inode(metadata) }
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> [i128; 4] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev().into(), metadata.ino().into(), metadata.ctime().into(), metadata.ctime_nsec().into()]
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> [i128; 4] {
    [0; 4]
}

impl Survey {
    /// Looks at these files and folders, and at everything in the folders.
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        let mut walk = Walk::default();
        for path in paths {
            walk.follow(path, MAX_LINKS);
            walk.visit(path);
        }
        walk.survey
    }
}

#[derive(Default)]
struct Walk {
    survey: Survey,
    /// Files and folders that were visited, by their real paths: links may lead to them again, or in circles.
    visited: HashSet<PathBuf>,
}

impl Walk {
    fn visit(&mut self, path: &Path) {
        if let Err(error) = self.try_visit(path)
            && error.kind() != ErrorKind::NotFound
        {
            let state = State::Failed(error.kind());
            self.survey.files.push(Found { path: path.to_owned(), state });
        }
    }

    fn try_visit(&mut self, path: &Path) -> io::Result<()> {
        let metadata = fs::metadata(path)?;
        let real = fs::canonicalize(path)?;
        if !(metadata.is_file() || metadata.is_dir()) || !self.visited.insert(real.clone()) {
            return Ok(());
        }
        if metadata.is_file() {
            let state = State::Seen(Stamp::of(&metadata));
            self.survey.files.push(Found { path: path.to_owned(), state });
            return Ok(());
        }
        self.survey.folders.insert(real, Interest::All);
        let mut entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if is_hidden(&entry.file_name()) || !(is_document(&path) || path.is_dir()) {
                continue;
            }
            if path.is_symlink() {
                self.follow(&path, MAX_LINKS);
            }
            self.visit(&path);
        }
        Ok(())
    }

    /// Notes every folder in which a change could make `path` lead elsewhere: its own, and those of the links on the way.
    fn follow(&mut self, path: &Path, links: usize) {
        self.note(path);
        for part in path.ancestors() {
            let Ok(target) = fs::read_link(part) else { continue };
            let Some(links) = links.checked_sub(1) else { return };
            self.note(part);
            let rest = path.strip_prefix(part).unwrap_or(Path::new(""));
            let target = part.parent().unwrap_or(Path::new("")).join(target).join(rest);
            return self.follow(&target, links);
        }
    }

    fn note(&mut self, path: &Path) {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let (Some(name), Ok(folder)) = (path.file_name(), fs::canonicalize(folder)) else { return };
        match self.survey.folders.entry(folder).or_insert_with(|| Interest::Names(BTreeSet::new())) {
            Interest::All => {}
            Interest::Names(names) => {
                names.insert(name.to_owned());
            }
        }
    }
}

/// Kubernetes keeps the files of a mounted ConfigMap in a hidden folder, and links to them beside it.
fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn is_document(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["yaml", "yml", "json"].into_iter().any(|known| extension == known))
}
