//! What is traced.

use super::Sides;
use crate::model::Share;
use http::HeaderName;
use std::{collections::BTreeMap, sync::Arc};

/// What is said of traces. What is `None` is as it was before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TracingRule {
    /// At which end of calls.
    pub sides: Sides,
    /// Who gets spans, by name: the first; who got them before when empty.
    pub providers: Vec<Arc<str>>,
    /// The share of traces that are kept, of those that begin here.
    pub sampling: Option<Share>,
    /// Whether spans are reported to nobody; traces go on all the same.
    pub hides_spans: Option<bool>,
    /// The tags of spans besides the usual ones, in place of all that were said before.
    pub tags: Option<BTreeMap<Arc<str>, CustomTag>>,
    /// Whether what is kept is decided by `x-request-id`, so that every workload decides alike.
    pub samples_by_request_id: Option<bool>,
    /// Whether spans have Istio's own tags.
    pub has_istio_tags: Option<bool>,
    /// Whether the context of a trace is kept from whoever is called.
    pub hides_context: Option<bool>,
}

/// Where the value of a tag comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomTag {
    /// This value.
    Literal(Arc<str>),
    /// A variable of the workload's environment.
    Environment {
        /// Its name.
        name: Box<str>,
        /// The value where it is not set; there is no tag then when `None`.
        default: Option<Arc<str>>,
    },
    /// A header of the request.
    Header {
        /// Its name.
        name: HeaderName,
        /// The value where the request has none; there is no tag then when `None`.
        default: Option<Arc<str>>,
    },
    /// A text in which command operators, such as `%REQ(X)%`, stand for what they mean in access logs.
    Formatted(Arc<str>),
}
