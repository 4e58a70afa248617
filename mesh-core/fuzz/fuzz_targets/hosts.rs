//! Host names and patterns for them, as `tests/laws/hosts.rs` says.
#![no_main]

#[expect(dead_code, reason = "the tests of the table use the rest")]
#[path = "../../tests/table/build.rs"]
mod build;
#[path = "../../tests/laws/hosts.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &str| laws::hold(text));
