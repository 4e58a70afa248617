//! The head of a request, kept for further tries.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, request::Parts};

/// Marks the length of a value that must not be shown.
const SENSITIVE: u32 = 1 << 31;
/// The bytes before each header: the lengths of its name and its value.
const LENGTHS: usize = 8;

/// What a request's head says, without its extensions. Its headers are one piece of memory, where a copy of their map is
/// several; few requests ever need the map again.
#[derive(Debug)]
pub(super) struct Head {
    method: Method,
    uri: Uri,
    version: Version,
    headers: Bytes,
}

impl Head {
    /// Keeps what a head says.
    pub(super) fn of(parts: &Parts) -> Self {
        let Parts { method, uri, version, headers, .. } = parts;
        Self { method: method.clone(), uri: uri.clone(), version: *version, headers: written(headers) }
    }

    /// The head again.
    pub(super) fn restore(&self) -> Parts {
        let mut parts = Request::new(()).into_parts().0;
        parts.method = self.method.clone();
        parts.uri = self.uri.clone();
        parts.version = self.version;
        parts.headers = self.read();
        parts
    }

    fn read(&self) -> HeaderMap {
        let (mut rest, mut headers) = (self.headers.clone(), HeaderMap::new());
        while let Some((name, value)) = next(&mut rest) {
            headers.append(name, value);
        }
        headers
    }
}

fn written(headers: &HeaderMap) -> Bytes {
    let size = headers.iter().map(|(name, value)| LENGTHS + name.as_str().len() + value.len()).sum();
    let mut bytes = Vec::with_capacity(size);
    for (name, value) in headers {
        let marked = value.len() as u32 | if value.is_sensitive() { SENSITIVE } else { 0 };
        bytes.extend((name.as_str().len() as u32).to_le_bytes());
        bytes.extend(marked.to_le_bytes());
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(value.as_bytes());
    }
    bytes.into()
}

/// The next header; `None` when there is none left. What was a name and a value is one again.
fn next(rest: &mut Bytes) -> Option<(HeaderName, HeaderValue)> {
    let (name, marked) = (length(rest)?, length(rest)?);
    let name = HeaderName::from_bytes(&rest.split_to(name as usize)).ok()?;
    let value = rest.split_to((marked & !SENSITIVE) as usize);
    let mut value = HeaderValue::from_maybe_shared(value).ok()?;
    value.set_sensitive(marked & SENSITIVE != 0);
    Some((name, value))
}

fn length(rest: &mut Bytes) -> Option<u32> {
    let bytes = *rest.first_chunk()?;
    let _ = rest.split_to(LENGTHS / 2);
    Some(u32::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_what_it_was() {
        let mut request = Request::put("http://product/chair?x=1").version(Version::HTTP_2);
        for (name, value) in [
            ("accept", &b"text/html"[..]),
            ("x-empty", b""),
            ("x-twice", b"one"),
            ("x-odd", b"\xff\tquoted"),
            ("x-twice", b"two"),
        ] {
            request = request.header(name, value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        let mut secret = HeaderValue::from_static("secret");
        secret.set_sensitive(true);
        parts.headers.insert("authorization", secret);
        let restored = Head::of(&parts).restore();
        let said = |parts: &Parts| (parts.method.clone(), parts.uri.clone(), parts.version);
        assert_eq!(said(&restored), said(&parts));
        assert_eq!(restored.headers, parts.headers);
        assert!(
            restored.headers["authorization"].is_sensitive() && !restored.headers["accept"].is_sensitive()
        );
        let twice: Vec<_> = restored.headers.get_all("x-twice").into_iter().collect();
        assert_eq!(twice, ["one", "two"]);
    }

    #[test]
    fn a_head_without_headers_is_nothing_but_a_line() {
        let parts = Request::new(()).into_parts().0;
        let head = Head::of(&parts);
        assert!(head.headers.is_empty() && head.restore().headers.is_empty());
    }
}
