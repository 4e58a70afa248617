//! What is kept of a request so that it can be sent again.

use crate::{
    body::Body,
    context::{Tried, Written},
};
use http::Request;

/// A copy of a request, without its extensions, which no server sees, and with its head as it came to this layer.
#[derive(Debug)]
pub(super) struct Copy {
    head: Head,
    body: Body,
    is_idempotent: bool,
}

#[derive(Debug)]
pub(super) enum Head {
    /// Whoever tries requests again has it already.
    Shared(Tried),
    Own(Written),
}

impl Head {
    /// The head of a request that nothing has changed yet for the wire.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        let shared = Tried::of_request(request.extensions());
        // Layers of one's own may have changed it since.
        match shared.filter(|tried| tried.head().is_some_and(|head| head.is_of(request))) {
            Some(tried) => Some(Self::Shared(tried.clone())),
            None => Written::of(request).map(Self::Own),
        }
    }

    fn written(&self) -> Option<&Written> {
        match self {
            Self::Shared(tried) => tried.head(),
            Self::Own(written) => Some(written),
        }
    }
}

impl Copy {
    /// A copy, if the whole body is here.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        let body = request.body().copy()?;
        let is_idempotent = request.method().is_idempotent();
        Some(Self { head: Head::of(request)?, body, is_idempotent })
    }

    /// A copy of a request that may reach a server twice without changing anything there.
    pub(super) fn of_harmless(request: &Request<Body>) -> Option<Self> {
        let is_harmless = request.method().is_safe() && http_body::Body::is_end_stream(request.body());
        is_harmless.then(|| Self::of(request)).flatten()
    }

    /// Whether a server that gets it twice does what it would have done anyway.
    pub(super) fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }

    /// The request.
    pub(super) fn into_request(self) -> Option<Request<Body>> {
        self.head.written()?.request(self.body)
    }
}
