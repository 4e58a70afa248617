//! What the mesh believes about identities.

use crate::identity::TrustDomain;

/// What a MeshConfig says about identities, for every workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The trust domain of the mesh. Default: `cluster.local`.
    pub domain: TrustDomain,
    /// Further names of it, whose workloads are the mesh's own. Default: none.
    pub aliases: Vec<TrustDomain>,
    /// Whether calls are secured where an endpoint says that it takes that, and no DestinationRule says anything.
    /// Default: yes.
    pub secures_by_itself: bool,
}

impl Default for Trust {
    fn default() -> Self {
        Self { domain: TrustDomain::default(), aliases: Vec::new(), secures_by_itself: true }
    }
}
