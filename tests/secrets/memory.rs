//! What is left of a private key in the memory of a process that has used it.

use base64::{Engine, prelude::BASE64_STANDARD};
use mesh_core::identity::{Issuer, LocalCa, SpiffeId};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};
use zeroize::{Zeroize, Zeroizing};

/// What a key is hidden by as long as it is looked for: so whoever looks does not find what they hold themselves.
const MASK: u8 = 0xa5;

/// A part of a key: of its text in PEM, or of the number that is secret.
struct Hidden(Vec<u8>);

impl Hidden {
    fn new(part: &[u8]) -> Self {
        Self(part.iter().map(|byte| byte ^ MASK).collect())
    }

    fn is_at_start_of(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.0.len() && self.0.iter().zip(bytes).all(|(own, byte)| own ^ MASK == *byte)
    }
}

/// The parts of the key in a file.
fn hidden(file: &Path) -> [Hidden; 2] {
    let mut text = Zeroizing::new([0; 4096]);
    let mut length = 0;
    let mut open = File::open(file).expect("a file");
    loop {
        match open.read(&mut text[length..]).expect("a file that can be read") {
            0 => break,
            count => length += count,
        }
    }
    let begin = b"-----BEGIN PRIVATE KEY-----\n";
    let at = text.windows(begin.len()).position(|part| part == begin).expect("a key") + begin.len();
    let line = &text[at..at + 64];
    let mut der = Zeroizing::new([0; 48]);
    BASE64_STANDARD.decode_slice(line, &mut *der).expect("base64");
    // What a line begins with is the same in every key of P-256, and so is the beginning of its bytes.
    [Hidden::new(&line[48..]), Hidden::new(&der[36..])]
}

/// Whether any of these is in the memory of this process that it can write.
fn is_in_memory(parts: &[Hidden]) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
    let mut memory = File::open("/proc/self/mem").expect("Linux");
    let mut bytes = vec![0; 1 << 20];
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').expect("a range");
        let (from, to) = range.split_once('-').expect("two ends");
        let [mut at, end] = [from, to].map(|text| u64::from_str_radix(text, 16).expect("a number"));
        while at < end {
            let wanted = bytes.len().min(usize::try_from(end - at).expect("64 bits"));
            memory.seek(SeekFrom::Start(at)).expect("memory");
            // Some of what is mapped cannot be read.
            let Ok(count) = memory.read(&mut bytes[..wanted]) else { break };
            let read = &bytes[..count];
            let first = parts.iter().map(|part| part.0[0] ^ MASK).collect::<Vec<_>>();
            let starts = read.iter().enumerate().filter(|(_, byte)| first.contains(byte));
            let found = starts
                .map(|(start, _)| &read[start..])
                .any(|rest| parts.iter().any(|part| part.is_at_start_of(rest)));
            if found {
                bytes.zeroize();
                return true;
            }
            // A part may lie across two pieces.
            at += u64::try_from(count.saturating_sub(64).max(1)).expect("64 bits");
            if count < 64 {
                break;
            }
        }
    }
    bytes.zeroize();
    false
}

#[tokio::test]
async fn nothing_is_left_of_a_key_in_memory_once_it_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let id = SpiffeId::parse("spiffe://cluster.local/ns/shop/sa/product").expect("an id");
    // The authority makes its root, writes it, reads it again, and signs with it.
    let mut authority = LocalCa::new(folder.path().to_owned(), id);
    let credentials = authority.issue().await.expect("credentials");
    drop((authority, credentials));
    // Whoever answers for the authority ends a moment after it.
    tokio::task::yield_now().await;

    let parts = hidden(&folder.path().join("root.pem"));
    assert!(!is_in_memory(&parts), "something of the key is left");
    // It would be found if it were there.
    for part in &parts {
        let mut shown: Vec<u8> = part.0.iter().map(|byte| byte ^ MASK).collect();
        assert!(is_in_memory(&parts));
        shown.zeroize();
        assert!(!is_in_memory(&parts));
    }
}
