//! YAML and JSON text to nodes.
/// Parses.
pub fn parse() {}
