//! Who may connect to workloads, and what may be asked of them.

mod policy;
mod request_authentication;
mod token_rule;

pub use policy::{
    Origin, PathRule, PeerDemand, Policy, PolicyPort, PolicyScope, PolicyTarget, PrincipalBinding, Trigger,
};
pub use request_authentication::RequestAuthentication;
pub use token_rule::{ClaimHeader, KeySource, RemoteKeys, TokenPlace, TokenRule};

use std::sync::Arc;

/// What all documents say about the requests that come to workloads, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// The tokens that requests may carry.
    pub tokens: Vec<Arc<RequestAuthentication>>,
    /// What the dialect of 2019 says.
    pub policies: Vec<Arc<Policy>>,
}
