//! What of the Gateway API's a policy is for, instead of workloads.

use super::read::{At, Read};

/// One object that a policy is for, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetReference {
    /// Its API group. Default: Kubernetes' core group.
    pub group: String,
    /// Its kind. Required.
    pub kind: String,
    /// Its name. Required.
    pub name: String,
    /// Its namespace. Default, and nothing else will do: the policy's own.
    pub namespace: String,
}

impl Read for TargetReference {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            group: f.take("group"),
            kind: f.take("kind"),
            name: f.take("name"),
            namespace: f.take("namespace"),
        })
    }
}
