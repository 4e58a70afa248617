//! Reads the sources and tells which arrows between their rooms are forbidden.
//!
//! [`Source`] is a file as far as its code goes, without comments and texts; [`Rule`] is what must not be in it.

mod code;
mod paths;
mod rules;
mod source;

pub use rules::{Rule, Violation};
pub use source::{Source, rooms};
