//! One check, from the question to what becomes of the request.

use super::{
    body::{self, begin},
    changes::{Change, Changes},
    grpc, http, messages,
    subject::Subject,
};
use crate::{
    Body, BoxError, Caller, Error, Kind,
    context::{Arrival, PeerAddress, Place},
    grpc as call,
};
use ::http::{Method, Request};
use mesh_core::model::{CheckedBody, ExtAuthz, ExtAuthzProtocol};
use std::sync::Arc;
use tokio::time::timeout;

/// A request that may pass, and what is changed of its answer.
pub(super) type Allowed = (Request<Body>, Vec<Change>);

/// Who asks, and about requests that came in where.
pub(super) struct Check {
    pub(super) caller: Option<Caller>,
    pub(super) place: Place,
}

impl Check {
    /// Asks all of these about a request, one after the other: each is told of it as those before have changed it. Cancel
    /// safe only in that dropping it drops the request, and gives up the question.
    ///
    /// # Errors
    /// Why the request does not pass.
    pub(super) async fn all(
        self,
        asked: Vec<Arc<ExtAuthz>>,
        mut request: Request<Body>,
    ) -> Result<Allowed, BoxError> {
        let mut response = Vec::new();
        for ext_authz in asked {
            let (subject, mut told) = self.subject(&ext_authz, request).await?;
            if let Some(changes) = changes(self.caller.as_ref(), &ext_authz, &subject).await? {
                response.extend(changes.apply(&mut told)?);
            }
            request = told;
        }
        Ok((request, response))
    }

    /// What is told of a request, and the request.
    async fn subject(
        &self,
        ext_authz: &ExtAuthz,
        request: Request<Body>,
    ) -> Result<(Subject, Request<Body>), BoxError> {
        let size = http_body::Body::size_hint(request.body()).exact();
        // Who the first of all clients was, before proxies, is nothing that a service is told.
        let view = self.place.view(&request, 0);
        let arrival = request.extensions().get::<Arrival>().map(Arrival::peer);
        let peer = arrival.or_else(|| request.extensions().get::<PeerAddress>().map(|peer| peer.0));
        let subject = Subject::new(&request, &view, size, peer.map_or(0, |peer| peer.port()));
        match ext_authz.body.filter(|_| has_body(&request)) {
            None => Ok((subject, request)),
            Some(rules) => with_body(subject, request, rules).await,
        }
    }
}

/// What a service changes of a request that may pass; nothing when it could not be asked, and is done without.
async fn changes(
    caller: Option<&Caller>,
    ext_authz: &ExtAuthz,
    subject: &Subject,
) -> Result<Option<Changes>, BoxError> {
    let failed = |error| BoxError::from(Error::because(Kind::CheckFailed(ext_authz.status_on_error), error));
    // A request that cannot even be asked about is the client's doing: nobody gets around a question in this way.
    let question = question(ext_authz, subject).map_err(failed)?;
    let error = match ask(caller, ext_authz, question).await {
        Ok(changes) => return Ok(Some(changes)),
        Err(error) => error,
    };
    // What the service has said, or the mesh makes of it, stands.
    let error = match error.downcast::<Error>() {
        Ok(said) if is_said(&said) => return Err(said),
        Ok(failed) => failed,
        Err(failed) => failed,
    };
    if !ext_authz.fails_open {
        return Err(failed(error));
    }
    let name = &*ext_authz.name;
    tracing::warn!(name, error, "an authorization service could not be asked: the request passes");
    Ok(None)
}

fn is_said(error: &Error) -> bool {
    matches!(error.kind(), Kind::CheckDenied(_) | Kind::CheckInvalid)
}

async fn with_body(
    subject: Subject,
    request: Request<Body>,
    rules: CheckedBody,
) -> Result<(Subject, Request<Body>), BoxError> {
    let (head, body) = request.into_parts();
    let begun = begin(body, rules).await?;
    let subject = subject.with_body(&begun);
    let body::Begun { body, .. } = begun;
    Ok((subject, Request::from_parts(head, body)))
}

/// Whether there is a body to tell of. What goes through a tunnel is none.
fn has_body(request: &Request<Body>) -> bool {
    !http_body::Body::is_end_stream(request.body()) && request.method() != Method::CONNECT
}

fn question(ext_authz: &ExtAuthz, subject: &Subject) -> Result<Request<Body>, BoxError> {
    let service = &ext_authz.service;
    match &ext_authz.protocol {
        ExtAuthzProtocol::Http(check) => http::question(check, service, subject),
        ExtAuthzProtocol::Grpc => {
            let message = grpc::question(subject, ext_authz.body.is_some_and(|body| body.is_bytes));
            call::request(&service.to_string(), messages::METHOD, &message, ext_authz.timeout)
        }
    }
}

async fn ask(
    caller: Option<&Caller>,
    ext_authz: &ExtAuthz,
    question: Request<Body>,
) -> Result<Changes, BoxError> {
    let caller = caller.ok_or("nothing was given to ask authorization services through")?;
    let asked = async {
        let answer = caller.ask(&ext_authz.service, question).await?;
        match &ext_authz.protocol {
            ExtAuthzProtocol::Http(check) => http::verdict(check, answer).await,
            ExtAuthzProtocol::Grpc => Ok(grpc::verdict(call::message(answer).await?)?),
        }
    };
    timeout(ext_authz.timeout, asked).await?
}
