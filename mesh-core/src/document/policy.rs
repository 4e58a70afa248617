//! `Policy` and `MeshPolicy` of `authentication.istio.io/v1alpha1`: who may call whom, in the dialect of 2019.

use super::{
    read::{At, Read},
    values::Later,
};

/// The `spec` of a Policy. It is recognised; nothing of it is enforced yet, and a warning says so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// The services it is for. Default: all of its namespace.
    pub targets: Vec<Target>,
}

/// One service that a [`Policy`] is for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Target {
    /// The service's short name. Required.
    pub name: String,
}

impl Read for Policy {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            for field in ["peers", "peerIsOptional", "origins", "originIsOptional", "principalBinding"] {
                f.maybe::<Later>(field);
            }
            Self { targets: f.take("targets") }
        })
    }
}

impl Read for Target {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| {
            f.maybe::<Later>("ports");
            Self { name: f.take("name") }
        })
    }
}
