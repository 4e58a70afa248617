//! What a rule does to a request: the new path, the redirect's location.

use super::{request::RequestView, snapshot::Rule};
use std::borrow::Cow;

impl Rule {
    /// The path and query to forward, if the rule changes them.
    #[must_use]
    pub fn rewritten_path<'a>(&'a self, request: &RequestView<'a>) -> Option<Cow<'a, str>> {
        let _ = request;
        unimplemented!()
    }

    /// The `location` of the redirect, if the rule redirects.
    #[must_use]
    pub fn redirect_location(&self, request: &RequestView<'_>) -> Option<String> {
        let _ = request;
        unimplemented!()
    }
}
