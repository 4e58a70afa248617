//! Lookup.
fn main() {}
