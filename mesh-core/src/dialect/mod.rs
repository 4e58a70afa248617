//! What was written, turned into what it means.
//!
//! Two steps, so that an unchanged document is understood only once: [`translate`] looks at one document by itself,
//! checks its values and resolves its names; [`assemble`] puts all of them together into a
//! [`Model`](crate::model::Model). Then [`analyze`] tells what is wrong between them.
//!
//! **Where a service's endpoints come from.** Those of a Kubernetes Service are the ready addresses of its EndpointSlices,
//! with the labels of the Pods that they name, and then the WorkloadEntries that its selector meets. Those of a
//! ServiceEntry are the ones it lists, or the WorkloadEntries and Pods that its selector meets. A Pod alone is no endpoint
//! of a Service: Kubernetes says by EndpointSlices which of them count.

mod assemble;
mod check;
mod codes;
mod istio;
mod registry;

pub use assemble::assemble;
pub use codes::{CODES, Code};
pub use istio::{
    DefaultExport, Handover, Instance, Meaning, MeshSetting, NamedService, NamespaceSetting, Pod, Root,
    Slice, SliceEndpoint, analyze, close, translate,
};

/// What holds for the whole mesh, whatever documents say: what they are understood by.
///
/// A MeshConfig among the documents, the ConfigMap `istio` of namespace `istio-system`, says more, and wins where both
/// say something. It is looked at only when all of them are put together.
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
