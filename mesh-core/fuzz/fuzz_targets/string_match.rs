//! Comparisons of text, as `tests/laws/string_match.rs` says.
#![no_main]

#[expect(dead_code, reason = "the tests of the table use the rest")]
#[path = "../../tests/table/build.rs"]
mod build;
#[path = "../../tests/laws/string_match.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &str| laws::hold(text));
