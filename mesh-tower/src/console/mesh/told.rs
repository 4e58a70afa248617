//! What processes say, as far as the console reads it. Processes may be older or newer than the console: what is missing is
//! nothing, and what is unknown is passed over.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `/config_dump`. Whoever does not say who it is is no member of the mesh.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(in crate::console) struct Configuration {
    pub(super) workload: String,
    pub(super) namespace: String,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) is_gateway: bool,
    #[serde(default)]
    pub(super) generation: u64,
    #[serde(default)]
    pub(super) digest: String,
    #[serde(default)]
    pub(super) virtual_hosts: Vec<Value>,
    #[serde(default)]
    pub(super) listeners: Vec<Value>,
    #[serde(default)]
    pub(super) inbound: Value,
    #[serde(default)]
    pub(super) documents: Vec<Document>,
    #[serde(default)]
    pub(super) faults: Vec<Fault>,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(super) struct Document {
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    /// As `file:line`.
    pub(super) place: String,
    pub(super) standing: String,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Fault {
    #[serde(skip_serializing)]
    pub(super) file: String,
    pub(super) line: u64,
    pub(super) severity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    pub(super) object: String,
    pub(super) path: String,
    pub(super) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
    pub(super) is_refusal: bool,
}

/// One of `/clusters?format=json`.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(in crate::console) struct Cluster {
    /// `outbound|80|v1|product.shop.svc.cluster.local`.
    pub(super) name: String,
    #[serde(default)]
    pub(super) endpoints: Vec<Endpoint>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoint {
    pub(super) address: String,
    #[serde(default)]
    pub(super) weight: u32,
    #[serde(default)]
    pub(super) active_requests: u64,
    #[serde(default)]
    pub(super) is_ejected: bool,
    #[serde(default)]
    pub(super) ejected_until: Option<String>,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) locality: Option<Value>,
}

/// `/certs`.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::console) struct Certificates {
    pub(super) identity: Option<String>,
    pub(super) fault: Option<String>,
    pub(super) chain: Vec<Certificate>,
    pub(super) trust_domains: Vec<TrustDomain>,
}

/// How many seconds are left is not read: it changes by itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Certificate {
    pub(super) serial: String,
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) valid_from: String,
    pub(super) valid_until: String,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(super) struct TrustDomain {
    pub(super) name: String,
    pub(super) authorities: Vec<Certificate>,
}
