//! Copies of requests.

use super::{host::Host, share::Share};
use std::sync::Arc;

/// A destination that gets a copy of some requests; nobody waits for its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The service's full name.
    pub host: Host,
    /// A subset of it.
    pub subset: Option<Arc<str>>,
    /// A port of it: the service's only one, or the request's, when `None`.
    pub port: Option<u16>,
    /// The share of requests that are copied. Default: all.
    pub share: Share,
}
