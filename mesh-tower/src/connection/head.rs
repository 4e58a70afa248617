//! A request's head as each version of HTTP wants it on the wire.

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri, Version,
    header::{
        CONNECTION, COOKIE, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
    },
    uri::{Authority, PathAndQuery, Scheme},
};

/// Makes the head that of an HTTP/1.1 request to a server: origin-form, with a Host header and at most one Cookie.
pub(super) fn for_http1<B>(request: &mut Request<B>) {
    *request.version_mut() = Version::HTTP_11;
    join_cookies(request.headers_mut());
    let host = request.uri().authority().map(|host| HeaderValue::from_str(without_credentials(host)));
    if let Some(Ok(host)) = host {
        request.headers_mut().entry(HOST).or_insert(host);
    }
    if request.method() == http::Method::CONNECT {
        return;
    }
    if request.uri().scheme().is_some() || request.uri().authority().is_some() {
        let path = request.uri().path_and_query().cloned().unwrap_or_else(root);
        *request.uri_mut() = Uri::from(path);
    }
}

/// Makes the head that of an HTTP/2 request: absolute-form, without the headers of one HTTP/1 connection.
pub(super) fn for_http2<B>(request: &mut Request<B>) {
    *request.version_mut() = Version::HTTP_2;
    let host = request.headers_mut().remove(HOST);
    if request.uri().authority().is_none()
        && let Some(authority) = host.and_then(|host| Authority::try_from(host.as_bytes()).ok())
    {
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(authority);
        parts.path_and_query.get_or_insert_with(root);
        // Scheme, authority and path are all there, which is all that can go wrong.
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    }
    remove_hop_by_hop(request.headers_mut());
    request.headers_mut().remove(UPGRADE);
}

/// Removes what is meant for one connection alone (RFC 9110, 7.6.1). `te: trailers` stays, though a client has to name TE
/// in Connection: trailers pass from end to end, and gRPC needs them.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let takes_trailers = tokens(headers, TE).any(|token| token.eq_ignore_ascii_case("trailers"));
    let named: Vec<HeaderName> = tokens(headers, CONNECTION)
        .filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
        .filter(|name| *name != UPGRADE && !is_end_to_end(name))
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [CONNECTION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TRANSFER_ENCODING, TE] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Whether a header is for those behind, whatever Connection says: who names it there would take away what others have
/// said about the request.
fn is_end_to_end(name: &HeaderName) -> bool {
    *name == HOST || name.as_str().starts_with("x-forwarded-")
}

/// The elements of a header that is a list.
pub(crate) fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// HTTP/2 may split cookies into several headers; HTTP/1.1 may not (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut cookies = headers.get_all(COOKIE).into_iter();
    if cookies.nth(1).is_none() {
        return;
    }
    let all: Vec<_> = headers.get_all(COOKIE).into_iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

/// An authority as a Host header has it: the user's name and password are no part of that.
pub(crate) fn without_credentials(authority: &Authority) -> &str {
    authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host)
}

fn root() -> PathAndQuery {
    PathAndQuery::from_static("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http1_request_is_in_origin_form_and_names_its_host() {
        let mut request = Request::get("http://me:secret@product:8080/a?b=c").body(()).unwrap();
        for_http1(&mut request);
        assert_eq!(request.uri(), "/a?b=c");
        assert_eq!(request.headers()[HOST], "product:8080");
    }

    #[test]
    fn an_http2_request_is_absolute_and_free_of_connection_headers() {
        let mut request =
            Request::get("/a").header(HOST, "product").header("te", "trailers").body(()).unwrap();
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close, x-private"));
        request.headers_mut().insert("x-private", HeaderValue::from_static("1"));
        for_http2(&mut request);
        assert_eq!(request.uri(), "http://product/a");
        assert_eq!(request.headers().keys().collect::<Vec<_>>(), ["te"]);
    }

    #[test]
    fn an_http1_request_has_one_cookie_header() {
        let request = Request::get("/").header(COOKIE, "a=1").header(COOKIE, "b=2; c=3");
        let mut request = request.body(()).unwrap();
        for_http1(&mut request);
        assert_eq!(request.headers().get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; c=3"]);
    }

    #[test]
    fn a_client_that_takes_trailers_gets_them_through_any_hop() {
        for (te, connection, kept) in [
            ("trailers", "te", Some("trailers")),
            ("gzip, Trailers", "TE, close", Some("trailers")),
            ("gzip", "te", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(TE, HeaderValue::from_static(te));
            headers.insert(CONNECTION, HeaderValue::from_static(connection));
            headers.insert("trailer", HeaderValue::from_static("x-sum"));
            remove_hop_by_hop(&mut headers);
            assert_eq!(headers.get(TE).map(HeaderValue::as_bytes), kept.map(str::as_bytes));
            assert!(headers.contains_key("trailer") && !headers.contains_key(CONNECTION));
        }
    }
}
