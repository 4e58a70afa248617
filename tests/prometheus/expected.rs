//! What the dashboards show of the load.

use super::dashboards::Choice;

/// Expressions that give nothing: all of these pieces are in them; and why.
pub(super) const NOTHING: [(&[&str], &str); 2] = [
    (
        &["connection_security_policy=\"mutual_tls\"", "reporter=\"source\""],
        "at its source Istio calls the policy of a connection unknown: the other end says what it is",
    ),
    (
        &["connection_security_policy=\"mutual_tls\"", "istio_tcp_"],
        "what passes untouched brings TLS of its own; over the mesh's own nothing comes but HTTP",
    ),
];

/// A rate that the load has, in requests by the gateway and by the till.
pub(super) struct Rate {
    pub(super) dashboard: &'static str,
    pub(super) choice: Choice,
    pub(super) title: &'static str,
    /// Which expressions of the panel.
    pub(super) piece: &'static str,
    pub(super) by_gateway: f64,
    pub(super) by_till: f64,
}

const fn rate(
    dashboard: &'static str,
    choice: Choice,
    title: &'static str,
    piece: &'static str,
    [by_gateway, by_till]: [f64; 2],
) -> Rate {
    Rate { dashboard, choice, title, piece, by_gateway, by_till }
}

const SERVICE: &str = "product.hands-on.svc.cluster.local";

/// What is chosen above the dashboard of services.
pub(super) const SERVICES: [Choice; 3] = [
    &[("service", SERVICE), ("qrep", "destination")],
    &[("service", SERVICE), ("qrep", "source")],
    &[("service", "bank.hands-on.svc.cluster.local"), ("qrep", "destination")],
];

/// What is chosen above the dashboard of workloads.
pub(super) const WORKLOADS: [Choice; 5] = [
    &[("namespace", "hands-on"), ("workload", "product-v1"), ("qrep", "destination")],
    &[("namespace", "hands-on"), ("workload", "product-composite-v1"), ("qrep", "destination")],
    &[("namespace", "hands-on"), ("workload", "till-v1"), ("qrep", "destination")],
    &[("namespace", "hands-on"), ("workload", "bank-v1"), ("qrep", "destination")],
    &[("namespace", "hands-on"), ("workload", "istio-ingressgateway"), ("qrep", "source")],
];

const MUTUAL: &str = "connection_security_policy=\"mutual_tls\"";
const PLAIN: &str = "connection_security_policy!=\"mutual_tls\"";

/// Rates of requests that are known.
pub(super) const RATES: [Rate; 16] = [
    rate("mesh", &[], "Traffic Volume", "", [4.0, 1.0]),
    rate(
        "mesh",
        &[],
        "HTTP/gRPC Workloads",
        "label_join(sum by (destination_workload,destination_workload_namespace,destination_service)",
        [4.0, 1.0],
    ),
    rate("service", SERVICES[0], "Client Request Volume", "", [1.0, 1.0]),
    rate("service", SERVICES[1], "Client Request Volume", "", [1.0, 0.0]),
    rate("service", SERVICES[0], "Server Request Volume", "", [1.0, 1.0]),
    rate("service", SERVICES[0], "Incoming Requests By Source And Response Code", MUTUAL, [1.0, 0.0]),
    rate("service", SERVICES[0], "Incoming Requests By Source And Response Code", PLAIN, [0.0, 1.0]),
    rate(
        "service",
        SERVICES[0],
        "Incoming Requests By Destination Workload And Response Code",
        MUTUAL,
        [1.0, 0.0],
    ),
    rate(
        "service",
        SERVICES[0],
        "Incoming Requests By Destination Workload And Response Code",
        PLAIN,
        [0.0, 1.0],
    ),
    rate("workload", WORKLOADS[0], "Incoming Request Volume", "", [1.0, 1.0]),
    rate("workload", WORKLOADS[0], "Incoming Requests By Source And Response Code", MUTUAL, [1.0, 0.0]),
    rate("workload", WORKLOADS[0], "Incoming Requests By Source And Response Code", PLAIN, [0.0, 1.0]),
    rate("workload", WORKLOADS[1], "Incoming Request Volume", "", [1.0, 0.0]),
    rate(
        "workload",
        WORKLOADS[1],
        "Outgoing Requests By Destination And Response Code",
        "destination_principal=~",
        [3.0, 0.0],
    ),
    rate(
        "workload",
        WORKLOADS[2],
        "Outgoing Requests By Destination And Response Code",
        "destination_principal!~",
        [0.0, 1.0],
    ),
    rate(
        "workload",
        WORKLOADS[4],
        "Outgoing Requests By Destination And Response Code",
        "destination_principal=~",
        [1.0, 0.0],
    ),
];
