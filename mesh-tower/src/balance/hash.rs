//! The part of a request by which it keeps to one endpoint.

use crate::context::PeerAddress;
use http::{
    HeaderMap, HeaderValue, Request,
    header::{COOKIE, HeaderName},
};
use mesh_core::model::{HashCookie, HashKey};
use std::{fmt::Write, io::Write as _, net::IpAddr};
use xxhash_rust::xxh64::xxh64;

/// What was found to hash.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This hash.
    Hash(u64),
    /// A cookie that is to be made.
    NoCookie,
    /// Nothing.
    Nothing,
}

/// The hash of a request by this key; `own` stands for the address of the client where the client is this process.
pub(super) fn find<B>(key: &HashKey, request: &Request<B>, own: u64) -> Found {
    let hash = match key {
        HashKey::Header(name) => of_header(request.headers(), name),
        HashKey::Cookie(cookie) => match value_of(request.headers(), &cookie.name) {
            None if cookie.ttl.is_some() => return Found::NoCookie,
            value => value.map(|value| xxh64(value, 0)),
        },
        HashKey::SourceIp => {
            let peer = request.extensions().get::<PeerAddress>();
            Some(peer.map_or(own, |peer| of_address(peer.0.ip())))
        }
        HashKey::QueryParameter(name) => {
            let pairs = request.uri().query().unwrap_or_default().split('&');
            let mut pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            pairs.find(|(key, _)| *key == &**name).map(|(_, value)| xxh64(value.as_bytes(), 0))
        }
    };
    hash.map_or(Found::Nothing, Found::Hash)
}

/// A new cookie: its value's hash, and the header that hands it to the client.
pub(super) fn make(cookie: &HashCookie, value: u64) -> (u64, Option<HeaderValue>) {
    let value = format!("{value:016x}");
    let mut header = format!("{}=\"{value}\"", cookie.name);
    // Writing to a String cannot fail.
    if let Some(ttl) = cookie.ttl.filter(|ttl| !ttl.is_zero()) {
        let _ = write!(header, "; Max-Age={}", ttl.as_secs());
    }
    if !cookie.path.is_empty() {
        let _ = write!(header, "; Path={}", cookie.path);
    }
    for attribute in &cookie.attributes {
        let _ = write!(header, "; {}", attribute.name);
        if !attribute.value.is_empty() {
            let _ = write!(header, "={}", attribute.value);
        }
    }
    header.push_str("; HttpOnly");
    (xxh64(value.as_bytes(), 0), HeaderValue::try_from(header).ok())
}

/// Each value continues the hash of the one before, in the order of their bytes: that of their headers says nothing.
fn of_header(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let mut values = headers.get_all(name).into_iter().map(HeaderValue::as_bytes);
    let first = values.next()?;
    let Some(second) = values.next() else { return Some(xxh64(first, 0)) };
    let mut all: Vec<_> = [first, second].into_iter().chain(values).collect();
    all.sort_unstable();
    Some(all.into_iter().fold(0, |hash, value| xxh64(value, hash)))
}

/// The value of a cookie, without the quotes that it may have.
fn value_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let cookies = headers.get_all(COOKIE).into_iter();
    let mut pairs = cookies.flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let value = pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value))
    })
}

fn of_address(ip: IpAddr) -> u64 {
    // The longest address has 45 characters.
    let mut text = [0_u8; 48];
    let mut rest = &mut text[..];
    let _ = write!(rest, "{ip}");
    let left = rest.len();
    let length = text.len() - left;
    xxh64(&text[..length], 0)
}

#[cfg(test)]
mod tests {
    use super::super::{ring::Ring, spread::at_home};
    use super::*;
    use http::request::Builder;
    use mesh_core::model::CookieAttribute;
    use std::time::Duration;

    fn hash(key: &HashKey, request: Builder) -> Found {
        find(key, &request.body(()).unwrap(), 42)
    }

    fn of(value: &str) -> Found {
        Found::Hash(xxh64(value.as_bytes(), 0))
    }

    fn cookie(ttl: Option<u64>) -> HashCookie {
        let attribute = |name: &str, value: &str| CookieAttribute { name: name.into(), value: value.into() };
        let attributes = vec![attribute("SameSite", "Strict"), attribute("Secure", "")];
        HashCookie { name: "user".into(), path: "/a".into(), ttl: ttl.map(Duration::from_secs), attributes }
    }

    #[test]
    fn a_header_is_hashed_with_all_its_values_in_any_order() {
        let key = HashKey::Header(HeaderName::from_static("x-user"));
        assert_eq!(hash(&key, Request::get("/")), Found::Nothing);
        assert_eq!(hash(&key, Request::get("/").header("x-user", "ann")), of("ann"));
        let both = hash(&key, Request::get("/").header("x-user", "ann").header("x-user", "bob"));
        assert_eq!(both, hash(&key, Request::get("/").header("x-user", "bob").header("x-user", "ann")));
        assert_eq!(both, Found::Hash(xxh64(b"bob", xxh64(b"ann", 0))));
    }

    #[test]
    fn several_values_and_addresses_meet_the_endpoint_that_envoy_chooses() {
        let key = HashKey::Header(HeaderName::from_static("x-user"));
        let ring = Ring::new(&at_home(&[1, 1, 1]), 1024);
        let chosen = |user: u32| {
            let request = Request::get("/").header("x-user", format!("u{user}")).header("x-user", "a");
            let Found::Hash(hash) = hash(&key, request) else { panic!("a header is there") };
            (ring.find(hash, |_| true).unwrap() + 1).to_string()
        };
        assert_eq!((0..20).map(chosen).collect::<String>(), "12111221313212112322");
        let peer = PeerAddress("127.0.0.1:4000".parse().unwrap());
        let from_home = hash(&HashKey::SourceIp, Request::get("/").extension(peer));
        let Found::Hash(hash) = from_home else { panic!("an address is there") };
        assert_eq!(ring.find(hash, |_| true), Some(2));
    }

    #[test]
    fn a_cookie_is_hashed_by_its_value_wherever_it_stands() {
        let key = HashKey::Cookie(cookie(None));
        assert_eq!(hash(&key, Request::get("/").header(COOKIE, "a=1; user=ann; b=2")), of("ann"));
        assert_eq!(
            hash(&key, Request::get("/").header(COOKIE, "a=1").header(COOKIE, "user=\"ann\"")),
            of("ann")
        );
        assert_eq!(hash(&key, Request::get("/").header(COOKIE, "xuser=ann; user2=bob")), Found::Nothing);
        assert_eq!(hash(&HashKey::Cookie(cookie(Some(0))), Request::get("/")), Found::NoCookie);
    }

    #[test]
    fn a_cookie_that_is_made_hashes_alike_when_it_comes_back() {
        let (made, header) = make(&cookie(Some(60)), 0xab);
        let header = header.unwrap();
        let expected = "user=\"00000000000000ab\"; Max-Age=60; Path=/a; SameSite=Strict; Secure; HttpOnly";
        assert_eq!(header, expected);
        let back = header.to_str().unwrap().split(';').next().unwrap();
        let key = HashKey::Cookie(cookie(Some(60)));
        assert_eq!(hash(&key, Request::get("/").header(COOKIE, back)), Found::Hash(made));
        let (_, session) = make(&cookie(Some(0)), 1);
        assert!(!session.unwrap().to_str().unwrap().contains("Max-Age"));
    }

    #[test]
    fn an_address_is_hashed_without_its_port_and_this_process_has_its_own_hash() {
        let from = |address: &str| Request::get("/").extension(PeerAddress(address.parse().unwrap()));
        assert_eq!(hash(&HashKey::SourceIp, from("10.0.0.1:5000")), of("10.0.0.1"));
        assert_eq!(hash(&HashKey::SourceIp, from("[2001:db8::1]:5000")), of("2001:db8::1"));
        assert_eq!(hash(&HashKey::SourceIp, Request::get("/")), Found::Hash(42));
    }

    #[test]
    fn of_a_query_parameter_the_first_value_is_hashed() {
        let key = HashKey::QueryParameter("user".into());
        assert_eq!(hash(&key, Request::get("/?a=b&user=ann&user=bob")), of("ann"));
        assert_eq!(hash(&key, Request::get("/?user")), of(""));
        assert_eq!(hash(&key, Request::get("/?users=ann")), Found::Nothing);
    }
}
