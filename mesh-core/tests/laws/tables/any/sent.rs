//! A request, and who sends it.

use http::{HeaderMap, HeaderName, HeaderValue};
use mesh_core::{identity::Claims, table::RequestView};

/// A request.
#[derive(Debug)]
pub(in super::super) struct Sent {
    pub(super) method: &'static str,
    pub(super) scheme: &'static str,
    pub(super) authority: String,
    pub(super) path: &'static str,
    pub(super) query: Option<String>,
    pub(super) headers: Vec<(&'static str, &'static [u8])>,
    pub(super) port: u16,
    pub(super) listener: Option<u16>,
    pub(super) claims: Option<Claims>,
}

impl Sent {
    pub(in super::super) fn headers(&self) -> HeaderMap {
        let header = |(name, value): &(&'static str, &'static [u8])| {
            let value = HeaderValue::from_bytes(value).expect("a value");
            (HeaderName::from_static(name), value)
        };
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers.iter().map(header) {
            headers.append(name, value);
        }
        headers
    }

    pub(in super::super) fn view<'a>(&'a self, headers: &'a HeaderMap) -> RequestView<'a> {
        RequestView {
            method: self.method,
            scheme: self.scheme,
            authority: &self.authority,
            path: self.path,
            query: self.query.as_deref(),
            headers,
            port: self.port,
            listener: self.listener,
            claims: self.claims.as_ref(),
        }
    }
}
