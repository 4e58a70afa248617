//! Who may connect to workloads, and what may be asked of them.

mod provider;
mod rate_limit;

pub use provider::{AskedService, CheckedBody, ExtAuthz, ExtAuthzProtocol, HeaderNames, HttpCheck};
pub use rate_limit::{
    Descriptor, DescriptorEntry, DescriptorValue, Dimension, GlobalLimit, Limit, LimitRule, LocalLimit,
    RateLimit, TokenBucket,
};

use std::sync::Arc;

/// What all documents say about the requests that come to workloads, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// The services that may be asked whether requests may pass.
    pub ext_authz: Vec<Arc<ExtAuthz>>,
    /// How many requests workloads take.
    pub rate_limits: Vec<Arc<RateLimit>>,
}
