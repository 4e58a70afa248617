//! `PeerAuthentication`: whether workloads are reached by mutual TLS.

use super::{
    destination_rule::Selector,
    read::{At, Read},
};
use std::collections::BTreeMap;

/// The `spec` of a PeerAuthentication, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeerAuthentication {
    /// The workloads it is for. Default: all of its namespace.
    pub selector: Option<Selector>,
    /// What holds for all their ports. Default: what holds for the namespace, or for the mesh.
    pub mtls: MutualTls,
    /// What holds for some of their ports. Default: nothing else.
    pub port_level_mtls: Option<BTreeMap<String, MutualTls>>,
}

/// `{mode: STRICT}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MutualTls {
    /// Whether mutual TLS is asked for. Default: UNSET.
    pub mode: MutualTlsMode,
}

/// Whether mutual TLS is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MutualTlsMode {
    /// Somebody else says.
    #[default]
    Unset,
    /// It is not spoken.
    Disable,
    /// It may be spoken; plain text may be, too.
    Permissive,
    /// It must be spoken.
    Strict,
}

impl Read for PeerAuthentication {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            selector: f.maybe("selector"),
            mtls: f.take("mtls"),
            port_level_mtls: f.maybe("portLevelMtls"),
        })
    }
}

impl Read for MutualTls {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { mode: f.take("mode") })
    }
}

impl Read for MutualTlsMode {
    fn read(at: At<'_>) -> Option<Self> {
        at.choice(&[
            ("UNSET", 0, Self::Unset),
            ("DISABLE", 1, Self::Disable),
            ("PERMISSIVE", 2, Self::Permissive),
            ("STRICT", 3, Self::Strict),
        ])
    }
}
