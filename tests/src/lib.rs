//! What the whole-mesh tests share.

pub mod architecture;
pub mod shop;

/// README's examples, which are compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
