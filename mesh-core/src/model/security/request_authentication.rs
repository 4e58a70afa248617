//! The tokens that requests to some workloads may carry.

use super::token_rule::TokenRule;
use crate::model::Labels;
use std::sync::Arc;

/// Rules for the tokens in requests to some workloads.
///
/// A request without any token passes, and nothing is known of who sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestAuthentication {
    /// Its namespace; its workloads are there, unless that is the root namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The labels its workloads must have; all workloads of the namespace when empty.
    pub workloads: Labels,
    /// The rules; a token must be good by one of them.
    pub rules: Vec<Arc<TokenRule>>,
}
