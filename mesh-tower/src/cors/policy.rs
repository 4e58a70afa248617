//! Which requests are answered or marked, and by which policy.

use crate::{Body, Routed};
use http::{HeaderMap, HeaderValue, Request, Response};
use mesh_core::{
    model::{CorsPolicy, CrossOrigin},
    table::Decision,
};
use std::sync::Arc;

/// Where the policy comes from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// It is always this one.
    Fixed(Arc<CorsPolicy>),
    /// The rule has it.
    Routed,
}

/// What becomes of a request.
pub(super) enum Verdict {
    /// It is forwarded, and its answer left alone or marked.
    Forward(Option<Mark>),
    /// It is answered.
    Answer(Response<Body>),
}

/// What an answer is marked with.
#[derive(Debug)]
pub(super) struct Mark {
    policy: Arc<CorsPolicy>,
    origin: HeaderValue,
}

impl Mark {
    pub(super) fn put(self, headers: &mut HeaderMap) {
        self.policy.grant(self.origin, headers);
    }
}

/// Judges a request by the policy that is for it.
pub(super) fn judge<B>(origin: &Origin, request: &Request<B>) -> Verdict {
    let Some(policy) = origin.policy(request) else { return Verdict::Forward(None) };
    match policy.judge(request.method(), request.headers()) {
        CrossOrigin::Silent => Verdict::Forward(None),
        CrossOrigin::Granted(origin) => Verdict::Forward(Some(Mark { policy: Arc::clone(policy), origin })),
        CrossOrigin::Preflight(origin) => {
            let mut response = Response::new(Body::empty());
            policy.permit(origin, request.headers(), response.headers_mut());
            Verdict::Answer(response)
        }
        CrossOrigin::Ignored => Verdict::Answer(Response::new(Body::empty())),
    }
}

impl Origin {
    fn policy<'a, B>(&'a self, request: &'a Request<B>) -> Option<&'a Arc<CorsPolicy>> {
        match self {
            Self::Fixed(policy) => Some(policy),
            Self::Routed => {
                let routed = request.extensions().get::<Routed>()?;
                // A rule that answers itself has no use for a policy, as in Envoy.
                routed
                    .rule()?
                    .route
                    .cors
                    .as_ref()
                    .filter(|_| matches!(routed.decision(), Decision::Forward(_)))
            }
        }
    }
}
