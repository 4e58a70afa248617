//! Who is asking.

use crate::model::Labels;
use std::collections::BTreeMap;

/// Who is asking: rules differ by the client's namespace and labels, and by gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Viewpoint {
    /// The workload's namespace.
    pub namespace: String,
    /// The workload's labels.
    pub labels: Labels,
    /// Whether it is a gateway.
    pub gateway: GatewayRole,
    /// The variables of its environment that documents may look at, for the tags of traces. Default: none.
    pub environment: BTreeMap<String, String>,
}

impl Viewpoint {
    /// Whether the workload has all of these labels.
    #[must_use]
    pub fn is_labelled(&self, labels: &Labels) -> bool {
        labels.iter().all(|(key, value)| self.labels.get(key) == Some(value))
    }
}

/// Whether a workload acts as gateways, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GatewayRole {
    /// A service of the mesh, not a gateway.
    #[default]
    None,
    /// Every gateway whose selector its labels meet.
    BySelector,
    /// This one, whatever its selector.
    Named(crate::model::GatewayName),
}
