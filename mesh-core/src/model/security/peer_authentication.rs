//! Whether workloads are reached by mutual TLS.

use crate::model::Labels;
use std::{collections::BTreeMap, sync::Arc};

/// What somebody says about connections to some workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAuthentication {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The workloads it is for, of its namespace; all of them when `None`, and in the root namespace those of every
    /// namespace. Never empty.
    pub workloads: Option<Labels>,
    /// What holds for every port; what is said of more workloads when `None`.
    pub demand: Option<TlsDemand>,
    /// What holds for some ports of the workload; what is said of all its ports when `None`.
    pub ports: BTreeMap<u16, Option<TlsDemand>>,
}

/// Whether mutual TLS is asked of those who connect to a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TlsDemand {
    /// It is not spoken: `DISABLE`.
    Disabled,
    /// It may be spoken; plain text may be, too: `PERMISSIVE`.
    #[default]
    Permissive,
    /// It must be spoken: `STRICT`.
    Strict,
}
