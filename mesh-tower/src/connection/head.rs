//! A request's head as each version of HTTP wants it on the wire.

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri, Version,
    header::{
        CONNECTION, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
    uri::{Authority, PathAndQuery, Scheme},
};

/// Makes the head that of an HTTP/1.1 request to a server: origin-form, with a Host header.
pub(super) fn for_http1<B>(request: &mut Request<B>) {
    *request.version_mut() = Version::HTTP_11;
    if let Some(authority) = request.uri().authority()
        && !request.headers().contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(without_credentials(authority))
    {
        request.headers_mut().insert(HOST, host);
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

/// Removes what is meant for one connection alone (RFC 9110, 7.6.1). `te: trailers` stays: gRPC needs it.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .filter(|name| *name != UPGRADE)
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [CONNECTION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TRANSFER_ENCODING, TRAILER] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
    let has_trailers = headers.get(TE).is_some_and(|te| te.as_bytes().eq_ignore_ascii_case(b"trailers"));
    if !has_trailers {
        headers.remove(TE);
    }
}

fn without_credentials(authority: &Authority) -> &str {
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
}
