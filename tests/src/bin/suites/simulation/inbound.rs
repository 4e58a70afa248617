//! One connection to a workload.

use super::Row;
use crate::judgement::{Comparison, Outcome};
use mesh_core::{model::TlsDemand, table::Snapshot};

/// Compares whether a connection comes in.
pub(super) fn outcome(row: &Row, snapshot: &Snapshot) -> Outcome {
    let port = row.call["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    let is_http = row.call["protocol"] == "http";
    let (demand, tls) = (snapshot.inbound().tls.at(port), row.call["tls"].as_str().unwrap_or_default());
    let got = match (demand, tls) {
        (TlsDemand::Strict, "plaintext") => "no_filter_chain",
        (TlsDemand::Strict, "tls") => "mtls_error",
        // Nobody ends it, and its bytes are no request.
        (TlsDemand::Disabled, "mtls" | "tls") if is_http && is_described(row) => "protocol_error",
        _ => "accepted",
    };
    let expected = row.expect["error"].as_str().unwrap_or("accepted");
    let mut comparison = Comparison::default();
    comparison.check("inbound", got == expected, expected, got);
    comparison.outcome()
}

/// Whether documents describe the port, so that the sidecar knows that HTTP is spoken there; at any other one it passes
/// bytes on. A workload of ours knows by itself.
fn is_described(row: &Row) -> bool {
    row.expect["cluster"] != "InboundPassthroughCluster"
}
