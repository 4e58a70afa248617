//! A request's head, written down so that it can be sent again.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version,
    uri::{Authority, PathAndQuery, Scheme},
};

/// The length of a header's value and, in the highest bit, whether it is a secret.
const SECRET: u32 = 1 << 31;

/// How many bytes there is room for at once, besides each header's value.
const USUAL_NAME: usize = 32;

/// A request's head, in one piece of memory.
///
/// A copy of the map of headers would take one for the map, one for its index, and one for each value that nobody has
/// shared yet; and nearly no copy is ever read.
#[derive(Debug)]
pub(crate) struct Written {
    method: Method,
    version: Version,
    /// How long the scheme, the authority, and the path with its query are; 0 when there is none.
    uri: [u32; 3],
    /// These three, and then for each header the lengths of name and value, and both.
    bytes: Vec<u8>,
}

impl Written {
    /// Writes down the head of a request; `None` when it is longer than anything that can be sent.
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        let (parts, headers) = (parts(request.uri()), request.headers());
        // As much as most heads need: to ask each name how long it is would be a third of the work.
        let of_uri = parts.iter().map(|part| part.len()).sum::<usize>();
        let of_headers = headers.values().map(|value| value.len() + USUAL_NAME).sum::<usize>();
        let mut bytes = Vec::with_capacity(of_uri + of_headers);
        parts.iter().for_each(|part| bytes.extend_from_slice(part.as_bytes()));
        for (name, value) in headers {
            bytes.extend_from_slice(&lengths(name, value));
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(value.as_bytes());
        }
        (bytes.len() < SECRET as usize).then(|| Self {
            method: request.method().clone(),
            version: request.version(),
            uri: parts.map(|part| part.len() as u32),
            bytes,
        })
    }

    /// Whether it is the head of this request.
    pub(crate) fn is_of<B>(&self, request: &Request<B>) -> bool {
        let mut rest = &*self.bytes;
        let mut is_next = |part: &[u8]| take(&mut rest, part.len() as u32) == Some(part);
        self.method == *request.method()
            && self.version == request.version()
            && self.uri == parts(request.uri()).map(|part| part.len() as u32)
            && parts(request.uri()).iter().all(|part| is_next(part.as_bytes()))
            && request.headers().iter().all(|(name, value)| {
                is_next(&lengths(name, value))
                    && is_next(name.as_str().as_bytes())
                    && is_next(value.as_bytes())
            })
            && rest.is_empty()
    }

    /// A request with this head.
    ///
    /// `None` when it cannot be read again: when the head was of a kind that the `http` crate can hold and not read.
    pub(crate) fn request<B>(&self, body: B) -> Option<Request<B>> {
        let mut rest = &*self.bytes;
        let [scheme, authority, path] =
            self.uri.map(|length| take(&mut rest, length).filter(|part| !part.is_empty()));
        let mut parts = http::uri::Parts::default();
        parts.scheme = scheme.map(Scheme::try_from).transpose().ok()?;
        parts.authority = authority.map(Authority::try_from).transpose().ok()?;
        parts.path_and_query = path.map(PathAndQuery::try_from).transpose().ok()?;
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.version_mut() = self.version;
        *request.uri_mut() = Uri::from_parts(parts).ok()?;
        *request.headers_mut() = headers(rest)?;
        Some(request)
    }
}

/// Scheme, authority and path with its query.
fn parts(uri: &Uri) -> [&str; 3] {
    [
        uri.scheme_str().unwrap_or_default(),
        uri.authority().map_or("", Authority::as_str),
        uri.path_and_query().map_or("", PathAndQuery::as_str),
    ]
}

fn lengths(name: &HeaderName, value: &HeaderValue) -> [u8; 8] {
    let secret = if value.is_sensitive() { SECRET } else { 0 };
    let both = u64::from(name.as_str().len() as u32) | u64::from(value.len() as u32 | secret) << 32;
    both.to_le_bytes()
}

fn headers(mut rest: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    while !rest.is_empty() {
        let name = length(&mut rest)?;
        let value = length(&mut rest)?;
        let name = HeaderName::from_bytes(take(&mut rest, name)?).ok()?;
        let mut written = HeaderValue::from_bytes(take(&mut rest, value & !SECRET)?).ok()?;
        written.set_sensitive(value & SECRET != 0);
        headers.append(name, written);
    }
    Some(headers)
}

fn length(rest: &mut &[u8]) -> Option<u32> {
    let (length, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_le_bytes(*length))
}

fn take<'a>(rest: &mut &'a [u8], length: u32) -> Option<&'a [u8]> {
    let (part, after) = rest.split_at_checked(length as usize)?;
    *rest = after;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        for uri in ["http://product:8080/a/b?c=d", "/a?b", "*", "product:443", "https://[::1]/", "/\u{e9}"] {
            let mut request =
                Request::post(uri).version(Version::HTTP_2).header("accept", "a").body(()).unwrap();
            let headers = request.headers_mut();
            headers.append("x-mine", HeaderValue::from_bytes(b"\xff\tb").unwrap());
            headers.append("x-mine", HeaderValue::from_static(""));
            headers.append("accept", HeaderValue::from_static("c"));
            let mut secret = HeaderValue::from_static("key");
            secret.set_sensitive(true);
            headers.append("authorization", secret);
            let written = Written::of(&request).unwrap();
            assert!(written.is_of(&request));
            let again = written.request(()).unwrap();
            assert!(written.is_of(&again));
            assert_eq!(again.uri(), request.uri());
            assert_eq!((again.method(), again.version()), (request.method(), request.version()));
            assert_eq!(again.headers(), request.headers());
            assert!(
                again.headers()["authorization"].is_sensitive() && !again.headers()["accept"].is_sensitive()
            );
        }
    }

    #[test]
    fn another_head_is_another() {
        let request = |name: &str, value: &str| Request::get("/a").header(name, value).body(()).unwrap();
        let written = Written::of(&request("x-a", "b")).unwrap();
        for other in [request("x-a", "c"), request("x-b", "b"), request("x-a", "bc"), request("x-ab", "")] {
            assert!(!written.is_of(&other));
        }
        let mut more = request("x-a", "b");
        more.headers_mut().append("x-a", HeaderValue::from_static("b"));
        assert!(!written.is_of(&more));
        assert!(!written.is_of(&Request::new(())));
    }
}
