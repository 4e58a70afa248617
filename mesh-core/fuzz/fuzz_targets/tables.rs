//! Whole tables that the bytes choose, as `tests/laws/tables/mod.rs` says.
#![no_main]

#[expect(dead_code, reason = "the tests of the table use the rest")]
#[path = "../../tests/table/build.rs"]
mod build;
#[path = "../../tests/laws/tables/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|choices: &[u8]| laws::hold(choices));
