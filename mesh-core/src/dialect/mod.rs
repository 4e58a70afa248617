//! What was written, turned into what it means.
//!
//! Two steps, so that an unchanged document is understood only once: [`translate`] looks at one document by itself,
//! checks its values and resolves its names; [`assemble`] puts all of them together into a
//! [`Model`](crate::model::Model). Then [`analyze`] tells what is wrong between them.

mod assemble;
mod check;
mod codes;
mod istio;

pub use assemble::assemble;
pub use codes::{CODES, Code};
pub use istio::{Handover, Instance, Meaning, NamedService, Root, analyze, translate};

/// What holds for the whole mesh: the part of Istio's MeshConfig that documents are understood by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The domain of Kubernetes' service names. Default: `cluster.local`.
    pub cluster_domain: String,
    /// What becomes of requests to hosts that nobody described. Default: they pass.
    pub unknown_hosts: crate::model::UnknownHosts,
}

impl Default for Setting {
    fn default() -> Self {
        Self { cluster_domain: "cluster.local".into(), unknown_hosts: crate::model::UnknownHosts::default() }
    }
}
