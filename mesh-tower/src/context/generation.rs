//! The header that tells the next process which table decided.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Names the documents of the table that decided a request: the digest of its snapshot as 16 lower-case hex digits.
/// The next process of the mesh decides with its own table of the same documents.
pub const GENERATION_HEADER: HeaderName = HeaderName::from_static("x-mesh-generation");

/// The header's value for a digest.
pub(crate) fn generation_value(digest: u64) -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // By hand: the formatting machinery costs more than the rest of the route layer's work on headers.
    let text: [u8; 16] = std::array::from_fn(|i| DIGITS[(digest >> (60 - 4 * i) & 0xf) as usize]);
    HeaderValue::from_bytes(&text).expect("hex digits are visible ASCII")
}

/// Takes the header off a request. `None` when it is absent or no digest.
pub(crate) fn take_generation(headers: &mut HeaderMap) -> Option<u64> {
    let value = headers.remove(GENERATION_HEADER)?;
    let text = value.to_str().ok().filter(|text| text.len() == 16)?;
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_survives_the_header() {
        for digest in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
            let value = generation_value(digest);
            assert_eq!(value, format!("{digest:016x}"));
            let mut headers = HeaderMap::from_iter([(GENERATION_HEADER, value)]);
            assert_eq!(take_generation(&mut headers), Some(digest));
            assert!(headers.is_empty());
        }
    }

    #[test]
    fn nonsense_is_no_digest_and_is_taken_off_all_the_same() {
        for text in ["", "1", "zzzzzzzzzzzzzzzz", "00000000000000001"] {
            let mut headers = HeaderMap::from_iter([(GENERATION_HEADER, HeaderValue::from_static(text))]);
            assert_eq!(take_generation(&mut headers), None, "{text}");
            assert!(headers.is_empty());
        }
    }
}
