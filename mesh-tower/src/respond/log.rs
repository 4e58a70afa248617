//! One line for each refusal.

use super::policy::{Refused, causes};
use crate::Error;
use http::{HeaderValue, Method, Request, Uri, header::HOST};
use mesh_core::model::shown_authority;
use std::fmt;
use tracing::Level;

/// The names of a request, kept for the line about it.
#[derive(Debug)]
pub(super) struct Subject {
    method: Method,
    uri: Uri,
    host: Option<HeaderValue>,
}

impl Subject {
    /// Those of a request; `None` when nobody reads the lines. Clones share the request's buffers: nothing is copied.
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        tracing::enabled!(Level::INFO).then(|| Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            host: request.headers().get(HOST).cloned(),
        })
    }

    /// Writes the line.
    pub(super) fn log(&self, refused: &Refused, error: &Error) {
        tracing::info!(
            flag = &*refused.flags().to_string(),
            details = %refused.details,
            method = %self.method,
            path = self.uri.path(),
            authority = self.authority(),
            cause = %Causes(error),
            "refused"
        );
    }

    fn authority(&self) -> &str {
        let host = || self.host.as_ref().and_then(|host| host.to_str().ok());
        let authority = self.uri.authority().map(|authority| authority.as_str()).or_else(host);
        shown_authority(authority.unwrap_or_default())
    }
}

/// An error and all that caused it, on one line.
struct Causes<'a>(&'a Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        causes(self.0).try_for_each(|cause| write!(f, ": {cause}"))
    }
}
