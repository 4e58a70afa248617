//! Which requests are answered, and with what.

use crate::{Body, Routed, reply::Asker};
use http::{HeaderValue, Request, Response, StatusCode, header::LOCATION};
use mesh_core::{
    model::Action,
    table::{Decision, RequestView, Rule},
};

/// The rule's answer to a request; `None` when it is to be forwarded.
pub(super) fn judge<B>(request: &Request<B>) -> Option<Response<Body>> {
    let routed = request.extensions().get::<Routed>()?;
    let Decision::Answer(chosen) = routed.decision() else { return None };
    let rule = routed.snapshot().rule(chosen);
    let mut response = answer(rule, &routed.view(request), Asker::of(request))?;
    rule.route.response_headers.apply(response.headers_mut());
    Some(response)
}

fn answer(rule: &Rule, view: &RequestView<'_>, asker: Asker) -> Option<Response<Body>> {
    match &rule.route.action {
        Action::Forward(_) => None,
        Action::Redirect(redirect) => Some(elsewhere(redirect.status, rule.redirect_location(view))),
        Action::Respond(direct) => Some(asker.answer(direct.status, direct.body.clone())),
    }
}

fn elsewhere(status: StatusCode, location: Option<String>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if let Some(location) = location.and_then(|location| HeaderValue::try_from(location).ok()) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
