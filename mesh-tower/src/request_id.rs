//! `x-request-id`: the name of a request throughout the mesh, and what Envoy writes into it about traces.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header::Entry};
use uuid::fmt::Hyphenated;

/// The header that names a request throughout the mesh.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The digit of a UUID that tells its version, in which Envoy keeps why a request is traced.
const REASON: usize = 14;
/// That of a request which is not traced: the version of a random UUID.
const NOT_TRACED: u8 = b'4';

/// Why a request is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// By chance.
    Sampled,
    /// A member of the mesh asked for it.
    Forced,
    /// A client asked for it.
    Client,
}

impl Reason {
    fn digit(self) -> u8 {
        match self {
            Self::Sampled => b'9',
            Self::Forced => b'a',
            Self::Client => b'b',
        }
    }
}

/// Gives a request a name if it has none. `roll` gives random numbers.
pub(crate) fn identify(headers: &mut HeaderMap, roll: impl Fn() -> u32) {
    let Entry::Vacant(entry) = headers.entry(REQUEST_ID) else { return };
    let rolls: [[u8; 4]; 4] = std::array::from_fn(|_| roll().to_ne_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(rolls.as_flattened());
    // Not the uuid crate's own randomness: that asks the operating system each time, and a request id is no secret.
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    let mut text = [0; Hyphenated::LENGTH];
    id.hyphenated().encode_lower(&mut text);
    if let Some(value) = value(text) {
        entry.insert(value);
    }
}

/// A number that every workload takes from a request's name in the same way: its first eight digits. `None` when they are
/// no digits, or there is no name.
pub(crate) fn number(headers: &HeaderMap) -> Option<u32> {
    let digits = headers.get(REQUEST_ID)?.as_bytes().get(..8)?;
    // A sign is a part of numbers for the standard library.
    let are_digits = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = str::from_utf8(digits).ok().filter(|_| are_digits)?;
    u32::from_str_radix(digits, 16).ok()
}

/// Why a request is traced, by its name; `None` when the name does not say that it is.
pub(crate) fn reason(headers: &HeaderMap) -> Option<Reason> {
    let digit = uuid(headers)?[REASON];
    [Reason::Sampled, Reason::Forced, Reason::Client].into_iter().find(|reason| reason.digit() == digit)
}

/// Writes into a request's name why it is traced, or that it is not. Names that are no UUIDs stay as they are.
pub(crate) fn set_reason(headers: &mut HeaderMap, reason: Option<Reason>) {
    let digit = reason.map_or(NOT_TRACED, Reason::digit);
    let Some(mut text) = uuid(headers).filter(|text| text[REASON] != digit).copied() else { return };
    text[REASON] = digit;
    if let Some(value) = value(text) {
        headers.insert(REQUEST_ID, value);
    }
}

fn uuid(headers: &HeaderMap) -> Option<&[u8; Hyphenated::LENGTH]> {
    headers.get(REQUEST_ID)?.as_bytes().try_into().ok()
}

fn value(text: [u8; Hyphenated::LENGTH]) -> Option<HeaderValue> {
    // Shared from the beginning: a copy for a retry costs nothing.
    HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> HeaderMap {
        HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_str(name).unwrap())])
    }

    #[test]
    fn a_request_without_a_name_gets_a_uuid_of_version_4_and_one_with_a_name_keeps_it() {
        let mut headers = HeaderMap::new();
        identify(&mut headers, || u32::MAX);
        assert_eq!(headers[REQUEST_ID], "ffffffff-ffff-4fff-bfff-ffffffffffff");
        identify(&mut headers, || 0);
        assert_eq!(headers[REQUEST_ID], "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn a_name_tells_why_its_request_is_traced() {
        let mut headers = named("0000002a-0000-4000-8000-000000000000");
        assert_eq!(reason(&headers), None);
        for (why, digit) in [(Reason::Sampled, '9'), (Reason::Forced, 'a'), (Reason::Client, 'b')] {
            set_reason(&mut headers, Some(why));
            assert_eq!(headers[REQUEST_ID], format!("0000002a-0000-{digit}000-8000-000000000000"));
            assert_eq!(reason(&headers), Some(why));
        }
        set_reason(&mut headers, None);
        assert_eq!(headers[REQUEST_ID], "0000002a-0000-4000-8000-000000000000");
        assert_eq!(number(&headers), Some(42));
    }

    #[test]
    fn a_name_that_is_no_uuid_stays_and_tells_nothing() {
        for (name, expected) in
            [("mine", None), ("+0000001x", None), ("0000001g", None), ("0000000A-b", Some(10))]
        {
            let mut headers = named(name);
            set_reason(&mut headers, Some(Reason::Forced));
            assert_eq!(
                (&headers[REQUEST_ID], reason(&headers)),
                (&HeaderValue::from_str(name).unwrap(), None)
            );
            assert_eq!(number(&headers), expected, "{name}");
        }
    }
}
