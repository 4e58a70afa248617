//! What the dialect of 2019 says of the requests to some services.

use super::token_rule::TokenRule;
use crate::model::{Host, Pattern};
use std::sync::Arc;

/// A Policy, or the MeshPolicy. Of those that are for a port of a workload only the narrowest counts, and all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: Arc<str>,
    /// The services it is for.
    pub scope: PolicyScope,
    /// What is asked of the workloads that connect; nothing when `None`: plain text is taken.
    pub peers: Option<PeerDemand>,
    /// Whether those that prove nothing may connect all the same.
    pub peer_is_optional: bool,
    /// The tokens that requests carry, one of which must be good; none is asked for when empty.
    pub origins: Vec<Origin>,
    /// Whether a request without a good token passes all the same.
    pub origin_is_optional: bool,
    /// Whose name the caller has.
    pub binding: PrincipalBinding,
}

/// The services that a [`Policy`] is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyScope {
    /// All of the mesh.
    Mesh,
    /// All of a namespace.
    Namespace(Arc<str>),
    /// Some of a namespace.
    Services(Arc<str>, Vec<PolicyTarget>),
}

/// One service that a [`Policy`] is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyTarget {
    /// The service's full name.
    pub service: Host,
    /// Its ports, which are the service's and not those of its workloads; all of them when empty.
    pub ports: Vec<PolicyPort>,
}

/// A service's port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyPort {
    /// By number.
    Number(u16),
    /// By name.
    Name(Box<str>),
}

/// What is asked of the workloads that connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerDemand {
    /// Whether plain text is taken beside mutual TLS: `PERMISSIVE`.
    pub takes_plain_text: bool,
    /// Whether TLS without a certificate of the client will do.
    pub takes_anonymous_tls: bool,
}

/// Tokens that are asked for, and of which requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The tokens.
    pub rule: Arc<TokenRule>,
    /// The requests they are asked of, if one of these is for it; all when empty.
    pub triggers: Vec<Trigger>,
}

/// Requests that a token is asked of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trigger {
    /// The paths on which it is not.
    pub excluded: Vec<PathRule>,
    /// The only paths on which it is; all when empty.
    pub included: Vec<PathRule>,
}

/// A comparison with a path, without its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathRule {
    /// Equal.
    Exact(Box<str>),
    /// It starts with this.
    Prefix(Box<str>),
    /// It ends in this.
    Suffix(Box<str>),
    /// All of it matches.
    Regex(Pattern),
}

/// Whose name a caller has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrincipalBinding {
    /// The calling workload's.
    #[default]
    Peer,
    /// That of the token's subject.
    Origin,
}

impl Origin {
    /// Whether its token is asked for on a path.
    #[must_use]
    pub fn is_asked_on(&self, path: &str) -> bool {
        self.triggers.is_empty() || self.triggers.iter().any(|trigger| trigger.is_for(path))
    }
}

impl Trigger {
    fn is_for(&self, path: &str) -> bool {
        let has = |rules: &[PathRule]| rules.iter().any(|rule| rule.matches(path));
        !has(&self.excluded) && (self.included.is_empty() || has(&self.included))
    }
}

impl PathRule {
    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(text) => path == &**text,
            Self::Prefix(text) => path.starts_with(&**text),
            Self::Suffix(text) => path.ends_with(&**text),
            Self::Regex(pattern) => pattern.matches(path),
        }
    }
}
