//! The virtual hosts of one port of a service's proxy, and where each of them leads.

use super::{Row, destination, hosts};
use crate::{
    documents,
    judgement::{Comparison, Outcome},
};
use http::HeaderMap;
use mesh_core::table::{Explanation, RequestView, Snapshot};
use serde_json::Value;

/// Compares every virtual host that is expected, or that must not exist.
pub(super) fn outcome(
    row: &Row,
    port: &str,
    written: &[Value],
    supplied: &[Value],
    snapshot: &Snapshot,
) -> Outcome {
    let mut comparison = Comparison::default();
    let port = port.parse().unwrap_or_default();
    let Some(expected) = row.expect["virtual_hosts"].as_object() else {
        // There is no port at all, and so nobody who has a host there.
        for host in hosts(written) {
            comparison.part(&host, &None, &Probe { host: &host, port }.found(snapshot).1);
        }
        return comparison.outcome();
    };
    for (host, clusters) in expected {
        let (explanation, got) = Probe { host, port }.found(snapshot);
        let wanted = clusters.as_array().and_then(|clusters| clusters.first()).and_then(Value::as_str);
        comparison.part(host, &wanted.map(str::to_owned), &got);
        let is_supplied = supplied.iter().any(|service| service["spec"]["hosts"][0] == **host);
        if is_supplied && explanation.virtual_services.is_empty() {
            comparison.check(host, false, "a rule of its own", "the service that the suite's judge supplies");
        }
    }
    comparison.outcome()
}

/// A host that is asked for on a port.
struct Probe<'a> {
    host: &'a str,
    port: u16,
}

impl Probe<'_> {
    /// Where a virtual host of exactly this name leads; `None` when there is none.
    fn found(&self, snapshot: &Snapshot) -> (Explanation, Option<String>) {
        // Any host that the wildcard alone is for.
        let host = self.host.replacen('*', "any", 1);
        let authority = format!("{host}:{}", self.port);
        let headers = HeaderMap::new();
        let view = RequestView {
            method: "GET",
            scheme: "http",
            authority: &authority,
            path: "/",
            query: None,
            headers: &headers,
            port: self.port,
            listener: None,
            claims: None,
        };
        let explanation = snapshot.explain(&view);
        let is_own = explanation.matched_domain.as_deref() == Some(documents::or(self.host, "*"));
        let found = is_own.then(|| destination(snapshot, &view));
        (explanation, found)
    }
}
