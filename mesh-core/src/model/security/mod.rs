//! Who may connect to workloads, and what may be asked of them.

mod provider;
mod rate_limit;

pub use provider::{AskedService, CheckedBody, ExtAuthz, ExtAuthzProtocol, HeaderNames, HttpCheck};
pub use rate_limit::{
    Descriptor, DescriptorEntry, DescriptorValue, Dimension, GlobalLimit, Limit, LimitRule, LocalLimit,
    RateLimit, TokenBucket,
};
mod policy;
mod request_authentication;
mod token_rule;

pub use policy::{
    Origin, PathRule, PeerDemand, Policy, PolicyPort, PolicyScope, PolicyTarget, PrincipalBinding, Trigger,
};
pub use request_authentication::RequestAuthentication;
pub use token_rule::{ClaimHeader, KeySource, RemoteKeys, TokenPlace, TokenRule};
mod authorization;
mod glob;
mod ip_block;
mod path_template;

pub use authorization::{
    Among, AuthorizationAction, AuthorizationPolicy, AuthorizationRule, Clause, HeaderKey, RequestPrincipal,
    ServiceAccount,
};
pub use glob::{Glob, InvalidGlob};
pub use ip_block::{InvalidIpBlock, IpBlock};
pub use path_template::{InvalidPathTemplate, PathGlob, PathTemplate};
mod peer_authentication;

pub use peer_authentication::{PeerAuthentication, TlsDemand};

use std::sync::Arc;

/// What all documents say about the requests that come to workloads, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// The services that may be asked whether requests may pass.
    pub ext_authz: Vec<Arc<ExtAuthz>>,
    /// How many requests workloads take.
    pub rate_limits: Vec<Arc<RateLimit>>,
    /// The tokens that requests may carry.
    pub tokens: Vec<Arc<RequestAuthentication>>,
    /// What the dialect of 2019 says.
    pub policies: Vec<Arc<Policy>>,
    /// Who may ask what.
    pub authorization: Vec<Arc<AuthorizationPolicy>>,
    /// Whether workloads are reached by mutual TLS.
    pub peers: Vec<Arc<PeerAuthentication>>,
}
