//! Who may ask: a browser that some other site makes ask may not.

use http::{
    HeaderMap, HeaderName, Method, Uri,
    header::{HOST, ORIGIN},
    uri::Authority,
};
use std::net::{IpAddr, SocketAddr};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Looks whether a request that came to `local` may be answered.
///
/// A page of another site can have a browser send anything that a form can, and by a name of its own that leads to
/// this machine it can read the answers; but browsers say whose page it was, and by which name they came.
///
/// # Errors
/// Why it may not.
pub(crate) fn admit(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    local: SocketAddr,
) -> Result<(), &'static str> {
    // Over HTTP/2 the host is in the URI.
    let written = headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let mut hosts = uri.authority().map(Authority::as_str).into_iter().chain(written);
    let host = hosts.next().ok_or("the request names no host")?;
    if hosts.any(|other| other != host) {
        return Err("the request names two hosts");
    }
    if !is_own(host, local.ip()) {
        return Err("the host is not this address (ask by localhost, or by the address itself)");
    }
    let is_own_page =
        |origin: &str| ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme) == Some(host));
    if headers.get_all(ORIGIN).iter().any(|origin| !origin.to_str().is_ok_and(is_own_page)) {
        return Err("a page of another site may not ask");
    }
    let is = |name: &HeaderName, values: &[&str]| {
        headers.get_all(name).iter().all(|value| value.to_str().is_ok_and(|value| values.contains(&value)))
    };
    // A link that somebody follows shows the page to them, and to nobody else.
    let is_followed =
        method == Method::GET && headers.contains_key(SEC_FETCH_MODE) && is(&SEC_FETCH_MODE, &["navigate"]);
    if is_followed || is(&SEC_FETCH_SITE, &["same-origin", "none"]) {
        Ok(())
    } else {
        Err("a page of another site may not ask")
    }
}

/// Whether a host is this machine by a name that nobody else can give it. Names can be made to lead anywhere; addresses
/// lead where they say. `local` is where the connection came in, so one of the addresses that were bound.
fn is_own(host: &str, local: IpAddr) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    if authority.as_str().contains('@') {
        return false;
    }
    let name = authority.host();
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback() || address.to_canonical() == local.to_canonical(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn ask(method: Method, local: &str, headers: &[(HeaderName, &'static str)]) -> bool {
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        admit(&method, &"/".parse().unwrap(), &headers, local.parse().unwrap()).is_ok()
    }

    #[test]
    fn a_host_is_an_address_or_localhost() {
        let asked = |local, host| ask(Method::GET, local, &[(HOST, host)]);
        for host in ["localhost", "LOCALHOST:15000", "127.0.0.1:15000", "127.9.9.9", "[::1]:15000"] {
            assert!(asked("127.0.0.1:15000", host), "{host}");
        }
        for host in [
            "evil.com",
            "localhost.evil.com",
            "127.0.0.1.nip.io",
            "evil@localhost",
            "localhost@evil.com",
            "10.0.0.1",
            "",
            "127.0.0.1, evil.com",
            "localhost.",
        ] {
            assert!(!asked("127.0.0.1:15000", host), "{host}");
        }
        assert!(asked("10.0.0.1:15000", "10.0.0.1:15000"));
        assert!(asked("[::ffff:10.0.0.1]:15000", "10.0.0.1:15000"));
        assert!(!ask(Method::GET, "127.0.0.1:1", &[]));
        assert!(!ask(Method::GET, "127.0.0.1:1", &[(HOST, "localhost"), (HOST, "evil.com")]));
    }

    #[test]
    fn pages_of_other_sites_may_not_ask() {
        let asked = |method, name, value| ask(method, "127.0.0.1:9", &[(HOST, "localhost:9"), (name, value)]);
        for method in [Method::GET, Method::POST] {
            assert!(asked(method.clone(), ORIGIN, "http://localhost:9"));
            for origin in
                ["null", "http://evil.com", "http://localhost:8", "http://localhost", "http://127.0.0.1:9"]
            {
                assert!(!asked(method.clone(), ORIGIN, origin), "{method} {origin}");
            }
            for site in ["same-origin", "none"] {
                assert!(asked(method.clone(), SEC_FETCH_SITE, site), "{method} {site}");
            }
            for site in ["cross-site", "same-site", ""] {
                assert!(!asked(method.clone(), SEC_FETCH_SITE, site), "{method} {site}");
            }
        }
    }

    #[test]
    fn a_link_may_be_followed_and_a_form_not_sent() {
        let headers = [(HOST, "localhost"), (SEC_FETCH_SITE, "cross-site"), (SEC_FETCH_MODE, "navigate")];
        assert!(ask(Method::GET, "127.0.0.1:9", &headers));
        assert!(!ask(Method::POST, "127.0.0.1:9", &headers));
    }
}
