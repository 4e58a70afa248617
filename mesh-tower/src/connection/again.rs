//! What is kept of a request so that it can be sent again.

use crate::{
    body::Body,
    context::{Tried, Written},
};
use http::Request;

/// Whether whoever tries requests again can be asked for their heads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Above {
    /// It has the head of this request, if it is there: nobody between changes any.
    Same,
    /// Layers of one's own may have changed it since: the two are compared.
    #[default]
    Unknown,
}

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
    pub(super) fn of(request: &Request<Body>, above: Above) -> Option<Self> {
        let shared = Tried::of_request(request.extensions());
        let is_same = |tried: &&Tried| {
            let is_known = above == Above::Same && tried.is_first();
            tried.head().is_some_and(|head| is_known || head.is_of(request))
        };
        match shared.filter(is_same) {
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
    pub(super) fn of(request: &Request<Body>, above: Above) -> Option<Self> {
        let body = request.body().copy()?;
        let is_idempotent = request.method().is_idempotent();
        Some(Self { head: Head::of(request, above)?, body, is_idempotent })
    }

    /// A copy of a request that may reach a server twice without changing anything there.
    pub(super) fn of_harmless(request: &Request<Body>, above: Above) -> Option<Self> {
        let is_harmless = request.method().is_safe() && http_body::Body::is_end_stream(request.body());
        is_harmless.then(|| Self::of(request, above)).flatten()
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
