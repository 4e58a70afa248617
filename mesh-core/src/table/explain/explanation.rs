//! What an explanation says.

use serde::Serialize;

/// One decision, with its reasons, for people and for tools; field names and meaning are stable.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The virtual host, by name; `None` when no one is responsible for the request's host.
    pub virtual_host: Option<String>,
    /// The pattern of the virtual host's domains that the request's host met.
    pub matched_domain: Option<String>,
    /// The VirtualServices behind the virtual host, as `namespace/name`.
    pub virtual_services: Vec<String>,
    /// The rule that matched, by name and number.
    pub rule: Option<RuleReference>,
    /// The rules before it, and the first reason why each did not match.
    pub passed_over: Vec<PassedOver>,
    /// `forward`, `redirect`, `respond`, `passthrough` or `refuse`.
    pub outcome: &'static str,
    /// The status of an answer that the mesh gives itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Envoy's response flag of a refusal: `NR`, `NC`, `UH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<&'static str>,
    /// In one sentence, what happens and why.
    pub summary: String,
    /// How the connection of a request that goes where its address says is secured; `None` when it is in plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secured: Option<String>,
    /// Where it can go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetExplanation>,
    /// The path and query sent on, if they change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewritten_path: Option<String>,
    /// The authority sent on, if it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewritten_authority: Option<String>,
    /// The `location` of a redirect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The time for the whole request, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// When the request is tried again, if its rule says, or else the mesh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<RetryExplanation>,
    /// Who gets a copy of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<MirrorExplanation>,
    /// What the rule's policy for other origins makes of the request, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors: Option<CorsExplanation>,
    /// The injected delay, as `3s for 100 %`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
    /// The injected abort, as `500 for 20 %`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort: Option<String>,
}

/// When a failed request is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryExplanation {
    /// How many tries may follow the first; 0 for none.
    pub attempts: u32,
    /// The failures that are tried again, by Envoy's names, and statuses.
    pub on: Vec<String>,
    /// The time for each try, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_try_timeout_ms: Option<u64>,
    /// Whether every second retry avoids the priorities of endpoints that were tried.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub leaves_locality: bool,
}

/// What becomes of a request from a page of another origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CorsExplanation {
    /// `granted`: the answer is marked for the page. `preflight`: the mesh answers what the page may do. `ignored`: it
    /// answers that the page may do nothing.
    pub verdict: &'static str,
    /// The origin that may ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// A destination that gets copies.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MirrorExplanation {
    /// The service.
    pub host: String,
    /// The subset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The port; 0 when it is missing.
    pub port: u16,
    /// The share of requests that are copied, in per cent.
    pub percent: f64,
    /// What it lacks, if anything; then nothing is copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// A rule, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleReference {
    /// Its number in the virtual host, from 1.
    pub number: usize,
    /// Its name; `default` for the one that nobody wrote.
    pub name: String,
    /// The line of its document where it starts; 0 when unknown.
    pub line: u32,
}

/// A rule that did not match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PassedOver {
    /// The rule.
    pub rule: RuleReference,
    /// The first condition that failed: `header x-group is absent, exact "test" is asked for`.
    pub reason: String,
}

/// A destination that can be chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetExplanation {
    /// The service.
    pub host: String,
    /// The subset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The port; 0 when it is missing.
    pub port: u16,
    /// The weight as written (a lone destination has 100).
    pub weight: u32,
    /// The share of requests, in per cent.
    pub percent: f64,
    /// The endpoints, as `address:port`.
    pub endpoints: Vec<String>,
    /// What it lacks, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// How connections to it are secured; `None` when they are in plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secured: Option<String>,
    /// What its DestinationRule says about traffic and is not so anyway: `loadBalancer: ROUND_ROBIN`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policy: Vec<String>,
    /// Header changes on the request, in order: `set x-a: 1`, `add …`, `remove x-b`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_headers: Vec<String>,
    /// Header changes on the response.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_headers: Vec<String>,
}
