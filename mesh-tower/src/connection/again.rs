//! What is kept of a request so that it can be sent again.

use crate::body::Body;
use http::{HeaderMap, Method, Request, Uri, Version};

/// A copy of a request, without its extensions, which no server sees.
#[derive(Debug)]
pub(super) struct Copy {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    body: Body,
}

impl Copy {
    /// A copy, if the whole body is here.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        let body = request.body().copy()?;
        Some(Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            body,
        })
    }

    /// A copy of a request that may reach a server twice without changing anything there.
    pub(super) fn of_harmless(request: &Request<Body>) -> Option<Self> {
        let is_harmless = request.method().is_safe() && http_body::Body::is_end_stream(request.body());
        is_harmless.then(|| Self::of(request)).flatten()
    }

    /// Whether a server that gets it twice does what it would have done anyway.
    pub(super) fn is_idempotent(&self) -> bool {
        self.method.is_idempotent()
    }

    /// The request.
    pub(super) fn into_request(self) -> Request<Body> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers;
        request
    }
}
