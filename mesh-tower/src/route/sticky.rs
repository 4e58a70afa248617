//! What keeps a user with one of several weighted destinations.

use http::{HeaderMap, HeaderName, header::COOKIE};
use xxhash_rust::xxh64::xxh64;

/// What a user is known by, where weighted destinations are chosen by it: an extension, which Istio does not have.
///
/// The same user gets the same destination as long as the weights stay as they are, in this process and in every other
/// one; when the weight of the last destination grows, users come to it and none leaves. Who is not known by it gets any.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sticky {
    /// The first value of this header.
    Header(HeaderName),
    /// The value of this cookie.
    Cookie(Box<str>),
}

impl Sticky {
    /// The roll of the user that these headers are from; `None` when they do not say who it is.
    pub(super) fn roll(&self, headers: &HeaderMap) -> Option<u32> {
        let user = match self {
            Self::Header(name) => headers.get(name)?.as_bytes(),
            Self::Cookie(name) => cookie(headers, name)?,
        };
        // Another seed than that of endpoints: who shares a destination shall not share an endpoint of it too.
        (!user.is_empty()).then(|| (xxh64(user, SEED) >> 32) as u32)
    }
}

const SEED: u64 = 0x0571_1c4e;

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let cookies = headers.get_all(COOKIE).into_iter();
    let mut pairs = cookies.flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let value = pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let value = |text: &str| HeaderValue::from_str(text).unwrap();
        pairs.iter().map(|(name, text)| (HeaderName::from_static(name), value(text))).collect()
    }

    #[test]
    fn a_user_has_one_roll_wherever_its_name_stands() {
        let (header, cookie) =
            (Sticky::Header(HeaderName::from_static("x-user")), Sticky::Cookie("user".into()));
        let ann = header.roll(&headers(&[("x-user", "ann")]));
        assert!(ann.is_some());
        assert_eq!(cookie.roll(&headers(&[("cookie", "a=b; user=ann")])), ann);
        assert_eq!(cookie.roll(&headers(&[("cookie", "user=\"ann\"; a=b")])), ann);
        assert_ne!(header.roll(&headers(&[("x-user", "bob")])), ann);
        assert_eq!(cookie.roll(&headers(&[("cookie", "users=ann; xuser=ann")])), None);
        assert_eq!(header.roll(&headers(&[("x-user", "")])), None);
        assert_eq!(header.roll(&headers(&[])), None);
    }

    #[test]
    fn users_roll_evenly() {
        let sticky = Sticky::Header(HeaderName::from_static("x-user"));
        let mut seen = [0_u32; 10];
        for user in 0..10_000 {
            let roll = sticky.roll(&headers(&[("x-user", &format!("user-{user}"))])).unwrap();
            seen[((u64::from(roll) * 10) >> 32) as usize] += 1;
        }
        let distance: f64 = seen.iter().map(|seen| (f64::from(*seen) - 1000.0).powi(2) / 1000.0).sum();
        // What chi-squared exceeds by chance once in a thousand times, with nine degrees of freedom.
        assert!(distance < 27.88, "{seen:?}: {distance}");
    }
}
