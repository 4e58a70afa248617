//! Asks by HTTP: the question, and what is made of the answer.

use super::{
    changes::{Change, Changes, How},
    subject::{PARTIAL_BODY, Subject},
};
use crate::{Body, BoxError, Error, Kind, hop::is_kept_back};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};
use mesh_core::model::{AskedService, HttpCheck};

/// The longest answer that is read.
const LONGEST: usize = 1 << 20;

/// Names headers of the request that do not pass with it.
const TO_REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

/// The question about a request: one that resembles it.
pub(super) fn question(
    check: &HttpCheck,
    service: &AskedService,
    subject: &Subject,
) -> Result<Request<Body>, BoxError> {
    let authority = match subject.authority.as_str() {
        "" => service.to_string(),
        authority => authority.to_owned(),
    };
    // Each part by itself: a host that contains a path must not become one. Nor does it contain a name and a password.
    if authority.contains('@') {
        return Err("the request's host has a user's part".into());
    }
    let path = format!("{}{}", check.path_prefix, subject.path);
    let uri = Uri::builder().scheme("http").authority(authority).path_and_query(path).build()?;
    let body = subject.body.as_ref().map(|body| body.bytes.clone()).unwrap_or_default();
    let mut headers = told(check, &subject.headers);
    if let Some(body) = &subject.body {
        let is_partial = if body.is_partial { "true" } else { "false" };
        headers.insert(PARTIAL_BODY, HeaderValue::from_static(is_partial));
    }
    headers.insert(header::CONTENT_LENGTH, body.len().into());
    for (name, value) in &check.added {
        headers.insert(name, value.clone());
    }
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = subject.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Those headers of a request that a service is told.
fn told(check: &HttpCheck, headers: &HeaderMap) -> HeaderMap {
    let is_told = |name: &HeaderName| {
        let is_own = is_kept_back(name) || *name == header::HOST || *name == PARTIAL_BODY;
        !is_own && (*name == header::AUTHORIZATION || check.told.contains(name))
    };
    let told = headers.iter().filter(|(name, _)| is_told(name));
    let mut headers = HeaderMap::new();
    for (name, value) in told {
        headers.append(name, value.clone());
    }
    headers
}

/// What an answer says.
///
/// # Errors
/// Why the request does not pass; an error of another kind than the mesh's when the service has failed.
pub(super) async fn verdict(check: &HttpCheck, response: Response<Body>) -> Result<Changes, BoxError> {
    let (head, body) = response.into_parts();
    if head.status.is_server_error() || head.status.is_informational() {
        return Err(format!("the authorization service answered with {}", head.status).into());
    }
    if head.status == StatusCode::OK {
        return Ok(allowed(check, &head.headers)?);
    }
    let body = Limited::new(body, LONGEST).collect().await?.to_bytes();
    Err(denied(check, head.status, head.headers, body).into())
}

fn allowed(check: &HttpCheck, headers: &HeaderMap) -> Result<Changes, Error> {
    let changes = |names: &mesh_core::model::HeaderNames, how| {
        let named = headers.iter().filter(|(name, _)| names.contains(name) && **name != TO_REMOVE);
        let change = |(name, value): (&HeaderName, &HeaderValue)| Change {
            name: name.clone(),
            value: value.clone(),
            how,
        };
        named.map(change).collect::<Vec<_>>()
    };
    let removed = headers.get_all(TO_REMOVE).iter().filter_map(|value| value.to_str().ok());
    let removed = removed.flat_map(|names| names.split(',')).map(str::trim).filter(|name| !name.is_empty());
    Ok(Changes {
        request: changes(&check.to_upstream, How::Set),
        // A name that no header can have is that of no header.
        removed: removed.filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect(),
        response: changes(&check.to_allowed, How::Add),
        ..Changes::default()
    })
}

fn denied(check: &HttpCheck, status: StatusCode, headers: HeaderMap, body: Bytes) -> Error {
    let is_told = |name: &HeaderName| match &check.to_refused {
        None => *name != header::HOST,
        Some(names) => names.contains(name) || *name == header::WWW_AUTHENTICATE || *name == header::LOCATION,
    };
    let mut error = Error::new(Kind::CheckDenied(status));
    for (name, value) in headers.iter().filter(|(name, _)| is_told(name) && !is_kept_back(name)) {
        // What is not there has no type.
        if *name != TO_REMOVE && !(body.is_empty() && *name == header::CONTENT_TYPE) {
            error.headers_mut().append(name, value.clone());
        }
    }
    error.set_body(body);
    error
}
