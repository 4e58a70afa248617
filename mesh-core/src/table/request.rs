//! A request, as far as rules look at it.

use crate::identity::Claims;
use http::{HeaderMap, Request, Uri, header::HOST};

/// A borrowed view of a request's head.
#[derive(Clone, Copy, Debug)]
pub struct RequestView<'a> {
    /// The method.
    pub method: &'a str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The authority as received, port included; empty when there is none.
    pub authority: &'a str,
    /// The path without its query; `/` when there is none.
    pub path: &'a str,
    /// The query without its question mark.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The port the request came to: the listener's, or the one of its URL.
    pub port: u16,
    /// The gateway listener it came to; `None` for a request that a service of the mesh sends.
    pub listener: Option<u16>,
    /// What its verified token says, if it has one.
    pub claims: Option<&'a Claims>,
}

impl<'a> RequestView<'a> {
    /// The view of a request that a service sends: everything from its URI, the host from its Host header if the URI
    /// has none.
    #[must_use]
    pub fn outbound<B>(request: &'a Request<B>) -> Self {
        let uri = request.uri();
        let scheme = uri.scheme_str().unwrap_or("http");
        let authority = authority(uri, request.headers());
        let port = port_of(authority).unwrap_or(if scheme == "https" { 443 } else { 80 });
        Self::new(request, authority, scheme, port, None)
    }

    /// The view of a request that came in at a gateway's `port`, over TLS or not.
    #[must_use]
    pub fn at_gateway<B>(request: &'a Request<B>, port: u16, is_tls: bool) -> Self {
        let authority = authority(request.uri(), request.headers());
        Self::new(request, authority, if is_tls { "https" } else { "http" }, port, Some(port))
    }

    /// The view of a request that came to `port` of a workload, over TLS or not.
    #[must_use]
    pub fn inbound<B>(request: &'a Request<B>, port: u16, is_tls: bool) -> Self {
        Self { listener: None, ..Self::at_gateway(request, port, is_tls) }
    }

    fn new<B>(
        request: &'a Request<B>,
        authority: &'a str,
        scheme: &'a str,
        port: u16,
        listener: Option<u16>,
    ) -> Self {
        let uri = request.uri();
        Self {
            method: request.method().as_str(),
            scheme,
            authority,
            path: if uri.path().is_empty() { "/" } else { uri.path() },
            query: uri.query(),
            headers: request.headers(),
            port,
            listener,
            claims: None,
        }
    }

    /// The same with what its verified token says, if it has one.
    #[must_use]
    pub fn with_claims(self, claims: Option<&'a Claims>) -> Self {
        Self { claims, ..self }
    }

    /// The authority without its port, in the letter case received.
    #[must_use]
    pub fn host(&self) -> &'a str {
        host_of(self.authority)
    }
}

fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> &'a str {
    let from_uri = uri.authority().map(|authority| {
        let text = authority.as_str();
        // Credentials in a URL are not part of the host. Looked for byte by byte, as below: the text is short.
        let at = text.bytes().rposition(|byte| byte == b'@');
        at.and_then(|at| text.get(at + 1..)).unwrap_or(text)
    });
    from_uri.or_else(|| headers.get(HOST)?.to_str().ok()).unwrap_or_default()
}

fn host_of(authority: &str) -> &str {
    if authority.starts_with('[') {
        return authority.split_inclusive(']').next().unwrap_or(authority).trim_matches(['[', ']']);
    }
    let colon = authority.bytes().position(|byte| byte == b':');
    colon.and_then(|colon| authority.get(..colon)).unwrap_or(authority)
}

fn port_of(authority: &str) -> Option<u16> {
    let colon = authority.bytes().rposition(|byte| byte == b':')?;
    authority.get(colon + 1..)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_host_and_perhaps_a_port() {
        for (authority, host, port) in [
            ("product", "product", None),
            ("product:8080", "product", Some(8080)),
            ("[::1]:80", "::1", Some(80)),
            ("[::1]", "::1", None),
            ("", "", None),
        ] {
            assert_eq!(host_of(authority), host);
            assert_eq!(port_of(authority), port, "{authority}");
        }
    }
}
