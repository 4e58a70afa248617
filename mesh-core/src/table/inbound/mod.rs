//! What holds for the requests that come to a workload: who may connect, which tokens count, who may do what.

mod rate_limits;
mod view;

pub use rate_limits::{InboundLimit, RateLimits};
pub use view::InboundView;

use super::Viewpoint;
use crate::model::{ExtAuthz, Model};
use std::sync::Arc;

/// Everything that documents say about the requests to one workload.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inbound {
    ext_authz: Vec<Arc<ExtAuthz>>,
    rate_limits: RateLimits,
}

impl Inbound {
    /// What of the model is for the workload that asks.
    pub(super) fn of(model: &Model, viewpoint: &Viewpoint) -> Self {
        Self { ext_authz: model.security.ext_authz.clone(), rate_limits: RateLimits::of(model, viewpoint) }
    }

    /// The service of a name that is asked whether requests may pass.
    #[must_use]
    pub fn ext_authz(&self, name: &str) -> Option<&Arc<ExtAuthz>> {
        self.ext_authz.iter().find(|ext_authz| *ext_authz.name == *name)
    }

    /// How many requests the workload takes.
    #[must_use]
    pub fn rate_limits(&self) -> &RateLimits {
        &self.rate_limits
    }
}
