//! How paths are read before any rule sees them.

/// What is made of a path before rules compare it and services see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PathNormalization {
    /// Nothing.
    None,
    /// Dot segments are resolved, `\` becomes `/`, and what needs no escape loses it.
    #[default]
    Base,
    /// The same, and several slashes become one.
    MergeSlashes,
    /// The same, and escaped slashes, forward and back, are slashes.
    DecodeAndMergeSlashes,
}
