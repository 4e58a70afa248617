//! What a case is made of.

use http::{Method, Request};
use mesh_tower::Body;
use serde_json::Value;
use tests::asked::{auth, limits};

/// A service that is guarded, and what is asked of it.
pub(super) struct Case {
    /// What is to be seen, as a sentence.
    pub(super) name: &'static str,
    /// Envoy's filter. Where it names a cluster, that is [`super::config::GUARD`].
    pub(super) filter: Value,
    /// What limiting services are told by Envoy of a request.
    pub(super) actions: Value,
    /// The documents that say the same.
    pub(super) documents: String,
    /// The service that is asked about requests, if one is.
    pub(super) guard: Guard,
    pub(super) asks: Vec<Ask>,
}

/// What a service answers that is asked about requests.
#[derive(Clone)]
pub(super) enum Guard {
    /// There is none.
    None,
    /// Over HTTP: a status, headers and a body.
    Http(u16, &'static [(&'static str, &'static str)], &'static str),
    /// Whether requests may pass, by gRPC.
    Auth(auth::CheckResponse),
    /// How many requests there may be, by gRPC.
    Limits(limits::Said),
}

/// A request.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) body: &'static str,
}

/// A request for a path.
pub(super) const fn get(path: &'static str) -> Ask {
    Ask { method: Method::GET, path, headers: &[], body: "" }
}

/// A gRPC call.
pub(super) const fn call() -> Ask {
    Ask { method: Method::POST, path: "/a.B/C", headers: &[("content-type", "application/grpc")], body: "" }
}

impl Ask {
    pub(super) fn request(&self) -> Request<Body> {
        let mut request = Request::builder().method(&self.method).uri(self.path).header("host", "product");
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(self.body)).expect("a request")
    }
}
