//! How every service of the shop says no: a JSON body that tells when, where and why.

use axum::{
    Json, Router,
    extract::{
        Request,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::fmt;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Why a request is not answered with what it asked for.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    message: String,
    challenge: Option<&'static str>,
}

/// What the caller reads.
#[derive(Serialize)]
struct Written<'a> {
    timestamp: String,
    path: &'a str,
    status: u16,
    error: &'static str,
    message: &'a str,
}

impl Problem {
    /// Any status, with its message.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), challenge: None }
    }

    /// 400: the request cannot be read.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 404.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 422: readable, but not sensible.
    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 503: something that is needed does not answer.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// Tells the caller how to authenticate.
    pub(crate) fn challenging(mut self, challenge: &'static str) -> Self {
        self.challenge = Some(challenge);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.message)
    }
}

impl From<QueryRejection> for Problem {
    fn from(_: QueryRejection) -> Self {
        Self::bad_request("Type mismatch.")
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::bad_request(rejection.body_text())
    }
}

impl IntoResponse for Problem {
    /// The status alone; [`with_problems`] writes the body, for it knows the path.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the JSON body of every problem that the routes end with; unknown paths are one.
pub(crate) fn with_problems(routes: Router) -> Router {
    routes
        .fallback(|| async { Problem::not_found("There is nothing at this path.") })
        .layer(middleware::from_fn(write))
}

async fn write(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let written = Written {
        timestamp: OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
        path: &path,
        status: problem.status.as_u16(),
        error: problem.status.canonical_reason().unwrap_or("Error"),
        message: &problem.message,
    };
    let mut response = (problem.status, Json(written)).into_response();
    if let Some(challenge) = problem.challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}
