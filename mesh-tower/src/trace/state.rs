//! W3C's `tracestate`: what systems that trace say to their own kind further on.

use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The most members that there may be.
const MOST: usize = 32;
/// The longest key and the longest value, in bytes.
const LONGEST: usize = 256;

/// Leaves a valid state as it is, takes off an invalid one as a whole, and leaves of members with the same key the first,
/// which is the newest.
pub(super) fn tidy(headers: &mut HeaderMap) {
    let Some(values) = headers.contains_key(TRACESTATE).then(|| headers.get_all(TRACESTATE)) else { return };
    let mut state = State::default();
    let are_valid = values.iter().all(|value| state.takes(value.as_bytes()));
    let distinct = match (are_valid, state.has_copies) {
        (true, false) => return,
        (true, true) => HeaderValue::try_from(state.joined()).ok(),
        (false, _) => None,
    };
    match distinct {
        Some(value) => drop(headers.insert(TRACESTATE, value)),
        None => drop(headers.remove(TRACESTATE)),
    }
}

/// Members with different keys.
#[derive(Default)]
struct State<'a> {
    members: [(&'a [u8], &'a [u8]); MOST],
    /// How many of them there are.
    kept: usize,
    /// How many were read, those with the same key too.
    read: usize,
    has_copies: bool,
}

impl<'a> State<'a> {
    /// Takes in one header's members; `false` when one is invalid, or there are too many.
    fn takes(&mut self, value: &'a [u8]) -> bool {
        let members = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        members.filter(|member| !member.is_empty()).all(|member| self.take(member))
    }

    fn take(&mut self, member: &'a [u8]) -> bool {
        let Some((key, value)) = split(member) else { return false };
        self.read += 1;
        if self.read > MOST {
            return false;
        }
        if self.members[..self.kept].iter().any(|(known, _)| *known == key) {
            self.has_copies = true;
        } else {
            self.members[self.kept] = (key, value);
            self.kept += 1;
        }
        true
    }

    fn joined(&self) -> Vec<u8> {
        let mut joined = Vec::new();
        for (key, value) in &self.members[..self.kept] {
            if !joined.is_empty() {
                joined.push(b',');
            }
            joined.extend_from_slice(key);
            joined.push(b'=');
            joined.extend_from_slice(value);
        }
        joined
    }
}

/// Key and value of a member; `None` when either is invalid.
fn split(member: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, value) = member.split_at_checked(member.iter().position(|byte| *byte == b'=')?)?;
    let value = &value[1..];
    let is_key = key.first().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
        && key.len() <= LONGEST
        && key
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(byte));
    let is_value = !value.is_empty()
        && value.len() <= LONGEST
        && value.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'=');
    (is_key && is_value).then_some((key, value))
}
