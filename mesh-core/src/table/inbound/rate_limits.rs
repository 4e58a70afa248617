//! The limits that are for a workload.

use super::InboundView;
use crate::{
    model::{Dimension, Labels, LimitRule, Model, RateLimit},
    table::{
        Viewpoint,
        matcher::{Condition, meets},
    },
};
use smallvec::SmallVec;
use std::{borrow::Cow, sync::Arc};

/// The limits on the requests to one workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimits(Box<[Arc<InboundLimit>]>);

/// One limit on requests to a workload.
#[derive(Debug, PartialEq, Eq)]
pub struct InboundLimit {
    /// The document it is written in, as `namespace/name`.
    pub origin: Box<str>,
    /// What it says.
    pub rule: LimitRule,
    blocks: Vec<SmallVec<[Condition; 1]>>,
}

impl RateLimits {
    /// These limits, whatever workload they are for.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = LimitRule>) -> Self {
        Self(rules.into_iter().map(|rule| Arc::new(InboundLimit::new("", rule))).collect())
    }

    pub(super) fn of(model: &Model, viewpoint: &Viewpoint) -> Self {
        let limits = model.security.rate_limits.iter();
        let limits = limits.filter(|limit| is_for(limit, model, viewpoint)).flat_map(|limit| {
            let origin = format!("{}/{}", limit.namespace, limit.name);
            limit.rules.iter().map(move |rule| Arc::new(InboundLimit::new(&origin, rule.clone())))
        });
        Self(limits.collect())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Arc<InboundLimit>] {
        &self.0
    }
}

/// Whether a document is for a workload.
fn is_for(limit: &RateLimit, model: &Model, viewpoint: &Viewpoint) -> bool {
    let is_near = *limit.namespace == *viewpoint.namespace || limit.namespace == model.root_namespace;
    let selects =
        |labels: &Labels| labels.iter().all(|(key, value)| viewpoint.labels.get(key) == Some(value));
    is_near && limit.workloads.as_ref().is_none_or(selects)
}

impl InboundLimit {
    fn new(origin: &str, rule: LimitRule) -> Self {
        let blocks = rule.blocks.iter().map(|block| Condition::of(None, block)).collect();
        Self { origin: origin.into(), blocks, rule }
    }

    /// Whether a request has to keep within it. What is no HTTP does not.
    #[must_use]
    pub fn is_for(&self, view: &InboundView<'_>) -> bool {
        let Some(request) = &view.request else { return false };
        self.blocks.is_empty() || self.blocks.iter().any(|block| meets(block, request))
    }
}

impl<'a> InboundView<'a> {
    /// What a request has in a dimension; `None` when it has nothing there.
    #[must_use]
    pub fn dimension(&self, dimension: &Dimension) -> Option<Cow<'a, [u8]>> {
        let borrowed = |text: &'a str| Cow::Borrowed(text.as_bytes());
        match dimension {
            Dimension::Peer => self.peer.map(|peer| borrowed(peer.as_str())),
            Dimension::RemoteAddress => {
                self.remote.or(self.source).map(|address| address.to_string().into_bytes().into())
            }
            Dimension::Path => self.request.map(|request| borrowed(request.path)),
            Dimension::Method => self.request.map(|request| borrowed(request.method)),
            Dimension::Header(name) => {
                // Of several lines the first, as in Envoy.
                self.request?.headers.get(name).map(|value| Cow::Borrowed(value.as_bytes()))
            }
            Dimension::Claim(path) => match self.claims?.get(path)? {
                serde_json::Value::String(text) => Some(borrowed(text)),
                other => Some(other.to_string().into_bytes().into()),
            },
        }
    }
}
