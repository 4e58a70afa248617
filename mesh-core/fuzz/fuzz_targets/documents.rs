//! Documents, from the bytes of a file to decisions, as `tests/laws/documents.rs` says.
#![no_main]

#[path = "../../tests/laws/documents.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laws::hold(bytes));
