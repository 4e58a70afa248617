//! `ProxyConfig`: how a sidecar runs. There is none here; the document is checked all the same.

use super::{
    destination_rule::Selector,
    read::{At, Read},
};
use std::collections::BTreeMap;

/// The `spec` of a ProxyConfig, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProxyConfig {
    /// The workloads it is for. Default: all of its namespace.
    pub selector: Option<Selector>,
    /// How many threads a sidecar has. Default: what its CPU limit allows.
    pub concurrency: Option<i32>,
    /// Variables of the sidecar's environment. Default: none.
    pub environment_variables: BTreeMap<String, String>,
    /// The sidecar's image. Default: the mesh's.
    pub image: Option<ProxyImage>,
}

/// The sidecar's image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyImage {
    /// Which of Istio's it is: `default`, `debug`, `distroless`.
    pub image_type: String,
}

impl Read for ProxyConfig {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self {
            selector: f.maybe("selector"),
            concurrency: f.maybe("concurrency"),
            environment_variables: f.take("environmentVariables"),
            image: f.maybe("image"),
        })
    }
}

impl Read for ProxyImage {
    fn read(at: At<'_>) -> Option<Self> {
        at.object(|f| Self { image_type: f.take("imageType") })
    }
}
