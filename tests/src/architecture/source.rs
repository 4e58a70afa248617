//! The files that are looked at.

use super::{code, paths};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// One file, as far as its code goes.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is, from the root of the repository: `mesh-core/src/table/decide.rs`.
    pub file: String,
    /// How many lines it has.
    pub lines: usize,
    pub(super) code: String,
}

impl Source {
    /// A file of this text.
    #[must_use]
    pub fn new(file: &str, text: &str) -> Self {
        Self { file: file.to_owned(), lines: text.lines().count(), code: code::of(text) }
    }

    /// Every Rust file below a folder of the repository.
    #[must_use]
    pub fn all(folder: &str) -> Vec<Self> {
        let mut files = Vec::new();
        collect(&root().join(folder), &mut files);
        files.sort();
        files.iter().map(|path| Self::new(&name(path), &read(path))).collect()
    }

    /// The room it is in: the folder, or the file, right below its package's `src`. The package's own page is in none.
    #[must_use]
    pub fn room(&self) -> &str {
        let inside = self.inside();
        let room = inside.split_once('/').map_or(inside, |(folder, _)| folder).trim_end_matches(".rs");
        if matches!(room, "lib" | "main") { "" } else { room }
    }

    /// Every path of its own package that it names, with the line.
    #[must_use]
    pub fn own_paths(&self) -> Vec<(usize, String)> {
        let up = vec!["super"; self.depth()].join("::");
        let mut named = self.paths_below("crate");
        if !up.is_empty() {
            let above = self.paths_below(&up).into_iter();
            // Rooms have small letters; all else is of the file itself, named from a module within it.
            let is_room =
                |path: &str| path.starts_with(|char: char| char.is_lowercase()) && !path.starts_with("super");
            named.extend(above.filter(|(_, path)| is_room(path)));
        }
        named
    }

    /// Every path below this root that it names, with the line.
    #[must_use]
    pub fn paths_below(&self, root: &str) -> Vec<(usize, String)> {
        paths::below(&self.code, root).map(|(at, path)| (self.line_of(at), path)).collect()
    }

    /// The lines on which a word stands.
    #[must_use]
    pub fn lines_with(&self, word: &str) -> Vec<usize> {
        paths::words(&self.code, word).map(|at| self.line_of(at)).collect()
    }

    fn line_of(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }

    /// How many modules it is within.
    fn depth(&self) -> usize {
        let segments = self.inside().trim_end_matches(".rs").split('/');
        segments.filter(|segment| !matches!(*segment, "mod" | "lib" | "main")).count()
    }

    fn inside(&self) -> &str {
        self.file.split_once("src/").map_or(&self.file, |(_, inside)| inside)
    }
}

/// The rooms of a package that are folders.
#[must_use]
pub fn rooms(package: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(package).join("src")).expect("a package has a src");
    let folders = entries.map(|entry| entry.expect("a readable entry").path()).filter(|path| path.is_dir());
    folders.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        // What is built from the sources, such as the fuzz targets, is not one of them.
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a readable file")
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).expect("a file of the repository").to_string_lossy().into_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root of the repository").to_owned()
}
