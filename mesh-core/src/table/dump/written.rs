//! The form of what is told.

use crate::table::{Generation, RetryExplanation};
use serde::Serialize;

/// A whole table, for people and for tools; field names and meaning are stable.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dump {
    /// How many publishes came before, this one included.
    pub generation: Generation,
    /// The digest of the documents, as 16 hexadecimal digits: equal in every process that read the same ones.
    pub digest: String,
    /// The mesh's trust domain.
    pub trust_domain: String,
    /// The Sidecar that says what is seen, as `namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sidecar: Option<String>,
    /// Every virtual host.
    pub virtual_hosts: Vec<HostDump>,
    /// The ports of a gateway.
    pub listeners: Vec<ListenerDump>,
    /// What holds for requests to this workload.
    pub inbound: InboundDump,
}

/// The rules of a set of domains.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostDump {
    /// The service's full name, or the pattern.
    pub name: String,
    /// The VirtualServices behind it, as `namespace/name`.
    pub virtual_services: Vec<String>,
    /// The rules; the first that matches wins.
    pub rules: Vec<RuleDump>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleDump {
    /// Its name; `default` for the one that nobody wrote.
    pub name: String,
    /// The line of its document where it starts; 0 when unknown.
    pub line: u32,
    /// What it asks of a request, in words: `header x-group is exact "test"`; none when it is for every one.
    pub conditions: Vec<String>,
    /// `forward`, `redirect` or `respond`.
    pub action: &'static str,
    /// The status of an answer that the mesh gives itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Where requests can go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetDump>,
    /// Who gets copies of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<MirrorDump>,
    /// The time for the whole request, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// When a failed request is tried again, if the rule says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<RetryExplanation>,
    /// The injected delay, as `3s for 100 %`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
    /// The injected abort, as `500 for 20 %`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort: Option<String>,
}

/// A destination that can be chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetDump {
    /// The service.
    pub host: String,
    /// The subset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The weight as written (a lone destination has 100).
    pub weight: u32,
    /// The share of requests, in per cent.
    pub percent: f64,
    /// Its backends, one for each port that requests may come to: `outbound|80|v1|product.shop.svc.cluster.local`.
    pub backends: Vec<String>,
    /// What it lacks, if anything: `service`, `subset` or `port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<&'static str>,
    /// Header changes on the request, in order: `set x-a: 1`, `add …`, `remove x-b`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_headers: Vec<String>,
    /// Header changes on the response.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_headers: Vec<String>,
}

/// A destination that gets copies.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MirrorDump {
    /// The service.
    pub host: String,
    /// The subset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The share of requests that are copied, in per cent.
    pub percent: f64,
}

/// One port of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerDump {
    /// The port.
    pub port: u16,
    /// The servers that share it.
    pub servers: Vec<ServerDump>,
}

/// One server of a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerDump {
    /// The gateway it belongs to, as `namespace/name`.
    pub gateway: String,
    /// Its hosts.
    pub hosts: Vec<String>,
    /// `HTTP`, `HTTPS`, `TLS` (which ends at the service behind) or `other` (not served).
    pub protocol: &'static str,
    /// How TLS ends, by Istio's names; none for plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<&'static str>,
    /// Whether plain HTTP is answered with a redirect to https.
    pub redirects_to_https: bool,
}

/// What holds for requests to a workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InboundDump {
    /// What is asked of those who connect, by Istio's names, where no port has its own.
    pub mutual_tls: &'static str,
    /// The same for ports that have their own.
    pub mutual_tls_by_port: Vec<(u16, &'static str)>,
    /// The tokens that count.
    pub tokens: Vec<TokenDump>,
    /// The policies of `AuthorizationPolicy`, oldest first.
    pub authorization: Vec<PolicyDump>,
    /// The Policies of 2019 that hold on some port, by name.
    pub policies: Vec<String>,
    /// The rules of `RateLimit`, as `namespace/name: rule`.
    pub rate_limits: Vec<String>,
    /// How many proxies are believed when they say who their client is.
    pub trusted_proxies: u32,
}

/// Tokens of one issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenDump {
    /// The issuer; any when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The audiences; any when none.
    pub audiences: Vec<String>,
    /// Where its public keys come from: an address, without what it asks for; `inline`, or `unknown`.
    pub keys: String,
}

/// A policy that says who may do what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyDump {
    /// `namespace/name`.
    pub policy: String,
    /// Its action, by Istio's name.
    pub action: &'static str,
    /// Whether it is only tried.
    pub is_dry_run: bool,
    /// How many rules it has.
    pub rules: usize,
}
