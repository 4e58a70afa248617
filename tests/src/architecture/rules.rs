//! What must not be in a file, and why.

use super::source::Source;
use std::fmt;

/// One thing that a file must not do.
#[derive(Clone, Debug)]
pub enum Rule {
    /// It names only these paths below a root: a room, or all below it. The root `crate` includes `super::super`.
    Names {
        /// The root: `crate`, or another package.
        root: &'static str,
        /// What it may name there.
        only: Vec<String>,
        /// Why.
        why: &'static str,
    },
    /// It does not name these paths below its package's root.
    NamesNot {
        /// What it may not name.
        paths: Vec<String>,
        /// Why.
        why: &'static str,
    },
    /// It does not say these words.
    SaysNot {
        /// The words.
        words: &'static [&'static str],
        /// Why.
        why: &'static str,
    },
    /// It names no constant of a type.
    NoConstantOf {
        /// The type.
        name: &'static str,
        /// Why.
        why: &'static str,
    },
    /// It has at most so many lines.
    Lines(usize),
}

/// What a file does that it must not; `Display` gives the file, the line, the arrow and why it is forbidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    file: String,
    line: usize,
    arrow: String,
    why: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} ({})", self.file, self.line, self.arrow, self.why)
    }
}

impl Rule {
    /// What a file does against this rule.
    #[must_use]
    pub fn violations(&self, source: &Source) -> Vec<Violation> {
        let found = match self {
            Self::Names { root, only, .. } => {
                let named = if *root == "crate" { source.own_paths() } else { source.paths_below(root) };
                arrows(source, named, |path| !only.iter().any(|allowed| is_below(path, allowed)))
            }
            Self::NamesNot { paths, .. } => {
                arrows(source, source.own_paths(), |path| paths.iter().any(|not| is_below(path, not)))
            }
            Self::SaysNot { words, .. } => {
                let said = words
                    .iter()
                    .flat_map(|word| source.lines_with(word).into_iter().map(move |line| (line, word)));
                said.map(|(line, word)| (line, format!("says {word}"))).collect()
            }
            Self::NoConstantOf { name, .. } => {
                let named = source.paths_below(name).into_iter().filter(|(_, path)| is_constant(path));
                named.map(|(line, path)| (line, format!("names {name}::{path}"))).collect()
            }
            Self::Lines(most) if source.lines > *most => {
                vec![(source.lines, format!("has {} lines", source.lines))]
            }
            Self::Lines(_) => Vec::new(),
        };
        let why = self.why();
        let violation =
            |(line, arrow)| Violation { file: source.file.clone(), line, arrow, why: why.clone() };
        found.into_iter().map(violation).collect()
    }

    fn why(&self) -> String {
        match self {
            Self::Names { why, .. }
            | Self::NamesNot { why, .. }
            | Self::SaysNot { why, .. }
            | Self::NoConstantOf { why, .. } => (*why).to_owned(),
            Self::Lines(most) => format!("a file has at most {most} lines; split it by what it says"),
        }
    }
}

fn arrows(
    source: &Source,
    named: Vec<(usize, String)>,
    is_forbidden: impl Fn(&str) -> bool,
) -> Vec<(usize, String)> {
    let forbidden = named.into_iter().filter(|(_, path)| is_forbidden(path));
    forbidden.map(|(line, path)| (line, format!("{} → {path}", source.room()))).collect()
}

fn is_below(path: &str, room: &str) -> bool {
    path.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn is_constant(path: &str) -> bool {
    path.starts_with(|char: char| char.is_uppercase())
        && path.chars().all(|char| char.is_uppercase() || char.is_numeric() || char == '_')
}
